// SPDX-License-Identifier: Apache-2.0
import type { LiveGrant } from "./decision";
import { grouped } from "./grouped";

/** Grants, found by request, by person or by role instead of by asking each. */
export class GrantIndex<Grant extends LiveGrant> {
  readonly #all: readonly Grant[];
  #byRequest: ReadonlyMap<string, Grant> | null = null;
  #byPerson: ReadonlyMap<string, readonly Grant[]> | null = null;
  #byRole: ReadonlyMap<string, readonly Grant[]> | null = null;

  constructor(all: readonly Grant[]) {
    this.#all = all;
  }

  /** The first one of a request. */
  ofRequest(digest: string): Grant | undefined {
    if (this.#all.length === 0) return undefined;
    this.#byRequest ??= new Map(
      this.#all.toReversed().flatMap((grant) => (grant.request === undefined ? [] : [[grant.request, grant] as const])),
    );
    return this.#byRequest.get(digest);
  }

  ofPerson(person: string): readonly Grant[] {
    if (this.#all.length === 0) return this.#all;
    this.#byPerson ??= grouped(this.#all, ({ requester }) => requester);
    return this.#byPerson.get(person) ?? [];
  }

  ofRole(role: string, environment: string): readonly Grant[] {
    if (this.#all.length === 0) return this.#all;
    this.#byRole ??= grouped(this.#all, (grant) => `${grant.role} ${grant.environment}`);
    return this.#byRole.get(`${role} ${environment}`) ?? [];
  }
}

const NONE = new GrantIndex<LiveGrant>([]);
const known = new WeakMap<readonly LiveGrant[], GrantIndex<LiveGrant>>();

/** The index of a list. A frozen list keeps its index; any other may change between two decisions, and is looked through anew. */
export function indexOf<Grant extends LiveGrant>(grants: readonly Grant[]): GrantIndex<Grant> {
  if (grants.length === 0) return NONE as GrantIndex<never>;
  if (!Object.isFrozen(grants)) return new GrantIndex(grants);
  // INVARIANT: what was put in for this very list is of its own type.
  const found = known.get(grants) as GrantIndex<Grant> | undefined;
  if (found !== undefined) return found;
  const index = new GrantIndex(grants);
  known.set(grants, index);
  return index;
}
