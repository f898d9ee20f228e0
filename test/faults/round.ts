// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type Digest, formatInstant, type NewEvent } from "@elevation/domain";
import { Journal, openStore } from "@elevation/journal";
import type { GrantInputs, GrantState } from "@elevation/provider/lifecycle";
import { createTargets } from "@elevation/provider/targets";
import { openSession, type SqlSession } from "@elevation/scripts/support/sql-session";
import { until } from "../support/alive";
import { requireEvidence } from "./evidence";
import { batchOf, PEOPLE, type Shop } from "./shop";
import type { Kill } from "./steps";
import type { Task, Work } from "./victim";
import type { Over, Victims } from "./victims";

/** What a process is at when it dies. `adopt`: takes up what another one that died has half made; `end`: finds at a refresh that it is past its end. */
export const KINDS = ["activate", "adopt", "read", "end", "remove", "reap", "append"] as const;
export type Kind = (typeof KINDS)[number];

/** A process that is to die. */
export interface Hit {
  readonly kind: Kind;
  /** How far on its way, from 0 to 1; null: it lives, and tells the steps. */
  readonly way: number | null;
  /** As {@link Kill.part}. */
  readonly part: number;
  /** For `adopt`: how far the one before it came. */
  readonly before: number;
  /** Whether the request is still declared when all is over. */
  readonly stays: boolean;
}

/** How many steps each kind of process passes when nobody kills it. */
export type Ways = Readonly<Record<Kind, number>>;

/** A moment at which every grant of a round is past its end, in milliseconds from now. */
const LATER = 2 * 3_600_000;
/** Grants of one pass of the reaper. */
const REAPED = 3;
/** Processes at work at the same time, on one journal and one server. */
const AT_ONCE = 2;

/** The processes of one round, each with grants of its own, and what has to hold when they have died. */
export class Round {
  /** What died at which step, and what that is. */
  readonly died: string[] = [];
  /** Of those that lived. */
  readonly steps = new Map<Kind, readonly string[]>();
  readonly #shop: Shop;
  readonly #victims: Victims;
  readonly #name: string;
  readonly #hits: readonly Hit[];
  readonly #ways: Ways | null;
  readonly #declared = new Set<GrantInputs>();
  readonly #states = new Map<Digest, GrantState>();
  readonly #appended: string[] = [];
  readonly #worker = new Map<Digest, number>();
  /** Passes of the reaper asked for so far: each is about a batch of its own. */
  #batches = 0;
  #env: Record<string, string> = {};

  constructor(shop: Shop, victims: Victims, name: string, hits: readonly Hit[], ways: Ways | null) {
    this.#shop = shop;
    this.#victims = victims;
    this.#name = name;
    this.#hits = hits;
    this.#ways = ways;
  }

  async run(): Promise<void> {
    this.#env = await this.#shop.newJournal(this.#name);
    const tasks = this.#hits.map((hit) => ({ hit, asked: this.#ask(hit) }));
    const before = tasks.filter(({ hit }) => hit.kind !== "activate");
    await this.#clean(0, [before.flatMap(({ asked }) => asked.map((inputs) => this.#up(inputs)))]);
    const sessions = await this.#openSessions();
    try {
      const queue = tasks.values();
      const killer = async () => {
        for (const { hit, asked } of queue) await this.#strike(hit, asked);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, killer));
      await this.#requireNothingUnknown();
      await this.#recover();
      await this.#requireExactlyLive();
      await this.#schedule();
      await this.#requireNothingLeft();
    } finally {
      for (const session of sessions) await session.close();
    }
  }

  #ask({ kind, stays }: Hit): readonly GrantInputs[] {
    const count = kind === "append" ? 0 : kind === "reap" ? REAPED : 1;
    const environment = kind === "reap" ? batchOf(++this.#batches) : "production";
    return Array.from({ length: count }, () => {
      const n = this.#worker.size + 1;
      assert.ok(n <= PEOPLE, "a round has work for everybody at most");
      const inputs = this.#shop.ask(`${this.#name}-${kind}-${n}`, n, { environment });
      this.#worker.set(inputs.digest, n);
      if (stays && kind !== "remove") this.#declared.add(inputs);
      return inputs;
    });
  }

  /** Of everybody who has access already: each must be cut by whoever ends it. */
  #openSessions(): Promise<SqlSession[]> {
    const holders = [...this.#states.keys()].map((digest) => this.#worker.get(digest) ?? 0);
    return Promise.all(holders.map((n) => openSession(this.#shop.server.url(`worker_${n}`, "orders"))));
  }

  async #strike(hit: Hit, asked: readonly GrantInputs[]): Promise<void> {
    if (hit.kind !== "adopt") return this.#hit(hit, asked);
    // What it takes up was half made by one that died as well.
    await this.#hit({ ...hit, kind: "activate", way: hit.way === null ? null : hit.before }, asked);
    return this.#hit(hit, asked);
  }

  async #hit(hit: Hit, asked: readonly GrantInputs[]): Promise<void> {
    const ahead = hit.kind === "end" || hit.kind === "reap" ? LATER : 0;
    const work = this.#workOf(hit, asked);
    const kill = this.#killOf(hit);
    const over = await this.#victims.run({ env: this.#env, ahead, work: [work], kill });
    this.#appended.push(...over.appended);
    if (over.died === null) {
      this.#keep(over);
      this.steps.set(hit.kind, over.steps);
      return;
    }
    this.died.push(`${hit.kind} ${kill?.step}: ${over.died}`);
  }

  #killOf({ kind, way, part }: Hit): Kill | null {
    if (way === null || this.#ways === null) return null;
    return { step: 1 + Math.floor(way * this.#ways[kind]), part };
  }

  #workOf({ kind }: Hit, asked: readonly GrantInputs[]): readonly Work[] {
    const states = asked.flatMap(({ digest }) => this.#states.get(digest) ?? []);
    switch (kind) {
      case "activate":
      case "adopt":
        return asked.map((inputs) => this.#up(inputs));
      case "read":
      case "end":
        return states.map((state) => ({ does: "read", state }));
      case "remove":
        return states.map((state) => ({ does: "remove", state }));
      case "reap":
        return [{ does: "reap", declared: null, states: [], environments: environmentsOf(asked) }];
      case "append":
        return [{ does: "append", events: [1, 2, 3].map(aNote) }];
    }
  }

  #up(inputs: GrantInputs): Work {
    return { does: "up", inputs, state: this.#states.get(inputs.digest) ?? null };
  }

  /** A process that nobody kills. */
  async #clean(ahead: number, work: Task["work"]): Promise<void> {
    const over = await this.#victims.run({ env: this.#env, ahead, work, kill: null });
    assert.deepEqual(over.errors, [], "whoever recovers meets no error");
    this.#keep(over);
  }

  #keep({ states }: Over): void {
    for (const [digest, kept] of states) {
      if (kept === null) this.#states.delete(digest);
      else this.#states.set(digest, kept);
    }
  }

  /** What `recover` does: withdraws what is no longer declared, makes or adopts what is, and looks at it. */
  async #recover(): Promise<void> {
    const declared = [...this.#declared];
    const digests = declared.map(({ digest }) => digest);
    const gone = [...this.#states.values()].filter(({ digest }) => !digests.includes(digest));
    await this.#clean(0, [
      [{ does: "reap", declared: digests, states: [...this.#states.values()], environments: null }],
      [...declared.map((inputs) => this.#up(inputs)), ...gone.map((state) => ({ does: "remove", state }) as const)],
      [{ does: "refresh" }],
    ]);
  }

  /** What the schedule does when everything is past its end. */
  async #schedule(): Promise<void> {
    const states = [...this.#states.values()];
    const refresh = states.map((state) => ({ does: "read", state }) as const);
    await this.#clean(LATER, [[{ does: "reap", declared: null, states, environments: null }], refresh]);
    assert.deepEqual(
      [...this.#states.values()].filter(({ place, status }) => place !== null && status === "active"),
      [],
      "no state calls a grant active",
    );
  }

  /** No access without its evidence: whatever stands was intended before. */
  async #requireNothingUnknown(): Promise<void> {
    const intended = new Set(
      (await this.#events()).flatMap(({ type, request }) =>
        type === "activating" && request !== null ? [objectName(request)] : [],
      ),
    );
    assert.deepEqual(
      (await this.#roles()).filter((role) => !intended.has(role)),
      [],
      "roles that the journal doesn't know",
    );
  }

  /** Who logs in has exactly what the journal calls live, and that is what is declared and was not ending already. */
  async #requireExactlyLive(): Promise<void> {
    const events = await this.#events();
    requireEvidence(events);
    this.#requireAcknowledged(events.map(({ hash }) => hash));
    const view = await this.#view();
    const live = new Set([...view.grants].flatMap(({ status, digest }) => (status === "live" ? [digest] : [])));
    assert.deepEqual(await this.#roles(), [...live].map(objectName).sort(), "roles at the server");
    for (const { digest } of this.#declared) {
      const known = view.grant(digest);
      const isEnding = known?.status === "ended" && known.intent.request.metadata.name.match(/-(end|reap)-/) !== null;
      assert.ok(isEnding || (live.has(digest) && known?.activated === true), `${digest} is ${known?.status}`);
    }
    const declared = new Set([...this.#declared].map(({ digest }) => digest));
    assert.deepEqual(
      [...live].filter((digest) => !declared.has(digest)),
      [],
      "withdrawn, and live",
    );
    for (const [digest, n] of this.#worker) {
      assert.deepEqual(await this.#shop.workOf(n), live.has(digest) ? [n] : [], `worker_${n}`);
    }
  }

  #requireAcknowledged(hashes: readonly string[]): void {
    const there = new Set(hashes);
    assert.deepEqual(
      this.#appended.filter((hash) => !there.has(hash)),
      [],
      "acknowledged, and lost",
    );
  }

  async #requireNothingLeft(): Promise<void> {
    const events = await this.#events();
    requireEvidence(events);
    const view = await this.#view();
    assert.deepEqual(
      [...view.grants].filter(({ status }) => status === "live"),
      [],
      "live in the journal",
    );
    assert.deepEqual(await this.#roles(), [], "roles at the server");
    const [workers] = await this.#shop.rows(
      `SELECT count(*)::int AS open FROM pg_stat_activity WHERE usename LIKE 'worker\\_%'`,
    );
    assert.deepEqual(workers, { open: 0 }, "sessions of those whose access has ended");
    const held = await this.#shop.rows(
      `SELECT p, w FROM generate_series(1, ${PEOPLE}) p, generate_series(1, ${PEOPLE}) w WHERE pg_has_role('worker_' || p, 'work_' || w, 'USAGE')`,
    );
    assert.deepEqual(held, [], "what workers may do");
    await this.#requireServerClean();
  }

  /** The server finds out by itself that a process is dead, in its own time. */
  async #requireServerClean(): Promise<void> {
    let left: unknown;
    const look = async () => {
      [left] = await this.#shop.rows(`
        SELECT (SELECT count(*)::int FROM pg_stat_activity WHERE usename = 'elevation_manager') AS sessions,
               (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks,
               (SELECT count(*)::int FROM pg_prepared_xacts) AS prepared`);
      return Object.values(left as Record<string, number>).every((count) => count === 0);
    };
    while (!(await look()))
      await until(
        () => true,
        () => JSON.stringify(left),
      );
  }

  async #roles(): Promise<readonly string[]> {
    const rows = await this.#shop.rows<{ rolname: string }>(
      "SELECT rolname FROM pg_roles WHERE rolname LIKE 'elev\\_%' ORDER BY rolname",
    );
    return rows.map(({ rolname }) => rolname);
  }

  #events() {
    return openStore(this.#env["ELEVATION_JOURNAL"] ?? "").read();
  }

  async #view() {
    const journal = await Journal.open(
      openStore(this.#env["ELEVATION_JOURNAL"] ?? ""),
      this.#env["ELEVATION_JOURNAL_ID"],
    );
    return journal.view();
  }
}

function objectName(digest: Digest): string {
  return createTargets({}).get("postgres")?.objectName(digest) ?? assert.fail();
}

function aNote(part: number): NewEvent {
  const at = formatInstant(Date.now());
  return { at, type: "approval", request: null, actor: { kind: "job", key: "unverified" }, data: { part } } as const;
}

function environmentsOf(asked: readonly GrantInputs[]): readonly string[] {
  return [...new Set(asked.map(({ request }) => request.spec.environment))];
}
