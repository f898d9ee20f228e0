// SPDX-License-Identifier: Apache-2.0
import type { Digest, Instant } from "@elevation/domain";
import {
  type Access,
  type Effect,
  GrantError,
  type Observation,
  type Revocation,
  type SparesSessions,
  type Standing,
  type Target,
  type TargetConnection,
} from "@elevation/provider/lifecycle";

/** One object that a grant made at a do-nothing target. */
interface Thing {
  digest: Digest;
  /** What its note says. */
  expiresAt?: Instant;
  identity: string;
  role: string;
  extra: string[];
  broken: boolean;
  foreign: boolean;
}

/**
 * A target in memory, for the lifecycle's unit tests: it keeps what was made and can be told to misbehave. It proves
 * nothing about a real system; test/integration does.
 */
export class MemoryTarget implements Target {
  readonly kind = "postgres";
  readonly things = new Map<string, Thing>();
  readonly calls: string[] = [];
  /** How many sessions each identity has open. */
  readonly sessions = new Map<string, number>();
  server = "server-1";
  /** What each revocation can't take away. */
  residue: string[] = [];
  /** What each revocation was told of an earlier one. */
  readonly traces: (string | undefined)[] = [];
  /** What everybody has by other means. */
  held: string[] = [];
  /** Half a round trip, in milliseconds. */
  precision = 1;
  now: () => Instant;
  /** Called before each operation: throws to make it fail, never resolves to kill the process there. */
  before: (operation: string) => void | Promise<void> = () => undefined;

  constructor(now: () => Instant) {
    this.now = now;
  }

  objectName(digest: Digest): string {
    return `elev_${digest.slice(7, 47)}`;
  }

  effect(): Effect {
    return { begin: "a thing is made", end: "it is taken away" };
  }

  connections(): readonly string[] {
    return ["orders"];
  }

  async connect(connection: string): Promise<TargetConnection> {
    await this.#call("connect");
    const server = this.server;
    return {
      server,
      clock: async () => ({ now: this.now(), precision: this.precision }),
      preflight: async () => this.#call("preflight"),
      holdings: async () => [],
      heldAlready: async () => this.held,
      create: async (access) => this.#create(access, connection),
      observe: async (access) => this.#observe(access),
      cutBack: async (access) => {
        await this.#call("cutBack");
        const thing = this.things.get(access.place.object);
        if (thing !== undefined) thing.extra = [];
      },
      revoke: async (access, spares) => this.#revoke(access, spares),
      sweep: async () => [],
      list: async () => [...this.things].map(([object, thing]) => this.#standing(object, thing, connection)),
      close: async () => undefined,
    };
  }

  #standing(object: string, thing: Thing, connection: string): Standing {
    const { digest, expiresAt = 0, identity, role, foreign } = thing;
    return {
      place: { kind: this.kind, connection, server: this.server, identity, role, object },
      isOurs: !foreign,
      note: foreign ? null : { digest, expiresAt },
      isEmptied: false,
      doubts: foreign ? ["somebody else made it"] : [],
      observe: (access) => judged(thing, access),
    };
  }

  async #create(access: Access, connection: string): Promise<void> {
    await this.#call("create");
    const { object, identity, role } = access.place;
    if (this.things.has(object))
      throw new GrantError("name-taken", `\`${object}\` stands at \`${connection}\` already`);
    const { digest, expiresAt } = access;
    this.things.set(object, { digest, expiresAt, identity, role, extra: [], broken: false, foreign: false });
    await this.#call("created");
  }

  async #observe(access: Access): Promise<Observation> {
    await this.#call("observe");
    const thing = this.things.get(access.place.object);
    return thing === undefined ? { state: "absent" } : judged(thing, access);
  }

  async #revoke(access: Access, spares: SparesSessions): Promise<Revocation> {
    await this.#call("revoke");
    this.traces.push(access.trace);
    const { object, identity } = access.place;
    const thing = this.things.get(object);
    if (thing?.foreign === true && thing.identity === identity)
      throw new GrantError(
        "revoke-failed",
        `\`${object}\` was made by somebody else, and gives \`${identity}\` what it has`,
      );
    if (thing?.foreign === true)
      return { found: true, sessionsEnded: 0, residue: [`\`${object}\` was made by somebody else; it was left alone`] };
    this.things.delete(object);
    await this.#call("taken");
    const sessionsEnded = (await spares(thing !== undefined)) ? 0 : (this.sessions.get(identity) ?? 0);
    if (sessionsEnded > 0) this.sessions.delete(identity);
    await this.#call("revoked");
    const trace = this.residue.length === 0 ? {} : { trace: access.trace ?? `since ${thing?.digest ?? "now"}` };
    return { found: thing !== undefined, sessionsEnded, residue: this.residue, ...trace };
  }

  async #call(operation: string): Promise<void> {
    this.calls.push(operation);
    await this.before(operation);
  }
}

function judged(thing: Thing, access: Access): Observation {
  if (thing.foreign) return { state: "foreign", differences: ["somebody else made it"] };
  if (thing.broken) return { state: "damaged", differences: ["`alice` is no member any more"] };
  const noted = thing.expiresAt ?? access.expiresAt;
  if (noted < access.expiresAt) return { state: "damaged", differences: ["the note names an earlier end"] };
  if (noted > access.expiresAt) return { state: "wider", differences: ["the note names a later end", ...thing.extra] };
  if (thing.extra.length > 0) return { state: "wider", differences: thing.extra };
  return { state: "intact" };
}
