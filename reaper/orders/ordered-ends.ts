// SPDX-License-Identifier: Apache-2.0
import type { Digest, EndCause } from "@elevation/domain";
import { type Due, endDue, type OpenState, type Reaped, type World } from "@elevation/provider/lifecycle";
import { type queueAsPromised, promise as queueOf } from "fastq";

/**
 * Ends what orders name, so many at once at each connection, however many orders come: beside the reaper's own ends, which so wait for
 * none of these. What several orders name at the same time is ended once.
 */
export class OrderedEnds {
  readonly #world: World;
  readonly #atOnce: number;
  readonly #queues = new Map<string, queueAsPromised<Due, Reaped>>();
  readonly #working = new Map<Digest, Promise<Reaped>>();

  constructor(world: World, atOnce: number) {
    this.#world = world;
    this.#atOnce = atOnce;
  }

  /** Never rejects: what became of it is the answer. */
  end(grant: OpenState, cause: EndCause): Promise<Reaped> {
    const working = this.#working.get(grant.digest);
    if (working !== undefined) return working;
    const work = this.#queueOf(grant)
      .push([grant, cause])
      .finally(() => this.#working.delete(grant.digest));
    this.#working.set(grant.digest, work);
    return work;
  }

  #queueOf({ place }: OpenState): queueAsPromised<Due, Reaped> {
    const key = JSON.stringify([place.kind, place.connection]);
    const known = this.#queues.get(key) ?? queueOf((due: Due) => endDue(this.#world, ...due), this.#atOnce);
    this.#queues.set(key, known);
    return known;
  }
}
