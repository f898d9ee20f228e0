// SPDX-License-Identifier: Apache-2.0
import type { Digest, EndCause } from "@elevation/domain";
import { type Due, endDue, type OpenState, type Reaped, type World } from "@elevation/provider/lifecycle";
import { KeyedQueues } from "../keyed-queues";

/**
 * Ends what orders name, so many at once at each connection, however many orders come: beside the reaper's own ends, which so wait for
 * none of these. What several orders name at the same time is ended once.
 */
export class OrderedEnds {
  readonly #queues: KeyedQueues<Due, Reaped>;
  readonly #working = new Map<Digest, Promise<Reaped>>();

  constructor(world: World, atOnce: number) {
    this.#queues = new KeyedQueues(atOnce, (due) => endDue(world, ...due));
  }

  /** Never rejects: what became of it is the answer. */
  end(grant: OpenState, cause: EndCause): Promise<Reaped> {
    const working = this.#working.get(grant.digest);
    if (working !== undefined) return working;
    const { kind, connection } = grant.place;
    const work = this.#queues
      .push([kind, connection], [grant, cause])
      .finally(() => this.#working.delete(grant.digest));
    this.#working.set(grant.digest, work);
    return work;
  }
}
