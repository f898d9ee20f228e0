// SPDX-License-Identifier: Apache-2.0
import { type Digest, formatInstant, type Instant } from "@elevation/domain";
import { initJournal } from "@elevation/journal";
import { activate, type GrantInputs, type GrantState, read, reap, remove, update } from "@elevation/provider/lifecycle";
import { type ReaperOptions, runReaper } from "@elevation/reaper";
import { randomFrom } from "@elevation/scripts/support/random";
import { aRequest, inputsOf } from "../../support/lifecycle";
import { Documents, ENVIRONMENTS, PEOPLE, type Person, POLICIES, ROLES } from "./policies";
import { SimClock } from "./sim-clock";
import { type Machine, SimProcess } from "./sim-process";
import { SimJournal } from "./sim-store";
import { CONNECTIONS, SimTarget, type SimTargets } from "./sim-targets";
import { Watch } from "./watch";
import { LOOK, SWEEP, type Watched } from "./watched";

const MINUTE = 60_000;
/** A Monday. */
const START = Date.parse("2026-11-23T00:00:00Z");

/** What happens, and how often of a hundred. */
const HAPPENINGS = {
  ...{ asks: 34, deploys: 12, refreshes: 8, withdraws: 6, replays: 2, restoresState: 2 },
  ...{ changesPolicy: 3, leaves: 2, returns: 4, drops: 4, widens: 2 },
  ...{ dies: 6, killsReaper: 3, stopsReaper: 2, downs: 3, silences: 2, losesJournal: 3, stepsClock: 2 },
} as const;
export type Happening = keyof typeof HAPPENINGS;
/** Each as often as it happens of a hundred. */
export const LOT = Object.entries(HAPPENINGS).flatMap(([what, often]) =>
  Array<Happening>(often).fill(what as Happening),
);

/** One thing that happens, so many milliseconds after the one before; `pick` and `other` choose among what there is. */
export interface Event {
  readonly what: Happening;
  readonly after: number;
  readonly pick: number;
  readonly other: number;
}

/** A reaper that runs. */
interface Reaper {
  readonly process: SimProcess;
  readonly stop: AbortController;
}

/** A world in which things happen for a week, with the real lifecycle, the real reaper and the real journal, over servers in memory. */
export class Week implements Watched {
  readonly clock = new SimClock(START);
  readonly journal = new SimJournal();
  readonly targets: SimTargets = {
    orders: new SimTarget(this.clock),
    ledger: new SimTarget(this.clock),
  };
  readonly watch: Watch;
  documents = new Documents("plain", new Set(Object.keys(PEOPLE) as Person[]));
  skew = 0;
  readonly #machine: Machine;
  readonly #random = randomFrom(1);
  #reaper: Reaper | null = null;
  /** Request files in the repository. */
  #declared: GrantInputs[] = [];
  #asked: GrantInputs[] = [];
  #states = new Map<Digest, GrantState>();
  readonly #backups: ReadonlyMap<Digest, GrantState>[] = [];
  /** The stack is locked: one run of the engine at a time. */
  #isLocked = false;

  private constructor(journalId: string) {
    const { clock, journal, targets } = this;
    this.#machine = { clock, journal, targets, journalId, skew: () => this.skew };
    this.watch = new Watch(this);
  }

  static async begin(): Promise<Week> {
    const journal = new SimJournal();
    const { hash } = await initJournal(journal, { kind: "job", key: "unverified" }, START - MINUTE);
    const week = new Week(hash);
    week.journal.events.push(...journal.events);
    week.#startReaper();
    await week.clock.quiet();
    return week;
  }

  get isReaped(): boolean {
    return this.#reaper !== null;
  }

  async happen(event: Event): Promise<void> {
    const look = () => this.watch.look();
    await this.clock.advanceTo(this.clock.now + event.after, look);
    this.#do(event);
    await this.clock.quiet();
    await look();
  }

  /** All faults are over, nobody asks any more, and all time passes that anybody asked for. */
  async end(): Promise<void> {
    const look = () => this.watch.look();
    const heal = 2 * 60 * MINUTE;
    await this.clock.advanceTo(this.clock.now + heal, look);
    await this.#run(() => this.#refresh(this.#process()));
    await this.clock.advanceTo(this.clock.now + 9 * 60 * MINUTE, look);
    await this.#run(() => this.#refresh(this.#process()));
    await look();
    this.watch.requireOver();
    this.#reaper?.stop.abort();
    await this.clock.quiet();
  }

  #do({ what, pick, other }: Event): void {
    const duration = MINUTE * (1 + (other % 60));
    switch (what) {
      case "asks":
        this.#ask(pick, other);
        this.#begin(() => this.#deploy(this.#process()));
        return;
      case "deploys":
        this.#begin(() => this.#deploy(this.#process()));
        return;
      case "dies":
        this.#begin(() => this.#deploy(this.#process(1 + (other % 60))));
        return;
      case "refreshes":
        this.#begin(() => this.#refresh(this.#process()));
        return;
      case "withdraws":
        this.#declared = this.#declared.filter((_, index) => index !== pick % this.#declared.length);
        this.#begin(() => this.#deploy(this.#process()));
        return;
      case "replays":
        this.#declared.push(...this.#asked.slice(pick % (this.#asked.length + 1)).slice(0, 3));
        this.#begin(() => this.#deploy(this.#process()));
        return;
      case "restoresState":
        if (!this.#isLocked) this.#states = new Map(this.#backups[pick % (this.#backups.length + 1)] ?? []);
        this.#begin(() => (other % 2 === 0 ? this.#refresh(this.#process()) : this.#deploy(this.#process())));
        return;
      case "changesPolicy":
        this.documents = new Documents(POLICIES[pick % 8] ?? "plain", this.documents.people);
        return;
      case "leaves":
      case "returns":
        this.#move(what, pick);
        return;
      case "drops":
      case "widens":
        this.#tamper(what, pick);
        return;
      case "killsReaper":
      case "stopsReaper":
        this.#endReaper(what, duration);
        return;
      case "downs":
      case "silences":
        this.#trouble(what, pick, duration);
        return;
      case "losesJournal":
        this.journal.isDown = true;
        this.clock.timer(duration, () => {
          this.journal.isDown = false;
        });
        return;
      case "stepsClock":
        this.skew = [-120_000, -3_000, 3_000, 120_000][pick % 4] ?? 0;
        this.clock.timer(duration, () => {
          this.skew = 0;
        });
    }
  }

  #ask(pick: number, other: number): void {
    const people = Object.keys(PEOPLE);
    const requester = people[pick % people.length] ?? "";
    const role = ROLES[(pick >> 3) % ROLES.length] ?? "";
    const environment = ENVIRONMENTS[other % ENVIRONMENTS.length] ?? "";
    const at = (instant: Instant) => formatInstant(instant);
    const { now } = this.clock;
    const breakGlass = (pick >> 4) % 10 === 0;
    const live = this.watch.liveOf(requester).at(0);
    const prolongs = !breakGlass && (pick >> 5) % 3 === 1 && live !== undefined;
    const starts = !breakGlass && !prolongs && (other >> 4) % 6 === 0;
    const inputs = inputsOf(
      aRequest(
        {
          ...{ requester, environment, role, requestedAt: at(now) },
          duration: `PT${1 + ((other >> 3) % 120)}M`,
          ...(breakGlass ? { breakGlass } : {}),
          ...(starts ? { startAt: at(now + MINUTE * ((other >> 2) % 90)) } : {}),
          ...(prolongs
            ? { ...live.intent.request.spec, requestedAt: at(now), duration: "PT1H", extends: live.digest }
            : {}),
        },
        `request-${this.#asked.length + 1}`,
      ),
    );
    this.#declared.push(inputs);
    this.#asked.push(inputs);
  }

  #move(what: "leaves" | "returns", pick: number): void {
    const people = new Set(this.documents.people);
    const names = Object.keys(PEOPLE) as Person[];
    const person = names[pick % names.length] ?? "ada@example.com";
    if (what === "leaves" && people.size > 1) people.delete(person);
    if (what === "returns") people.add(person);
    this.documents = new Documents(this.documents.policy, people);
  }

  #tamper(what: "drops" | "widens", pick: number): void {
    const target = this.targets[CONNECTIONS[pick % CONNECTIONS.length] ?? "orders"];
    const names = [...target.things.keys()];
    const name = names[pick % Math.max(1, names.length)] ?? "";
    if (what === "drops") target.things.delete(name);
    else target.things.get(name)?.extra.push("`mallory` is a member by a grant of `postgres`");
  }

  #trouble(what: "downs" | "silences", pick: number, duration: number): void {
    const target = this.targets[CONNECTIONS[pick % CONNECTIONS.length] ?? "orders"];
    const trouble = what === "downs" ? "down" : "silent";
    target.trouble = trouble;
    this.clock.timer(duration, () => {
      target.trouble = null;
    });
  }

  #startReaper(): void {
    const process = this.#process();
    const stop = new AbortController();
    const options: ReaperOptions = {
      ...{
        environments: null,
        judge: () => this.documents.judge,
        atOnce: 4,
        lookEvery: LOOK,
        sweepEvery: SWEEP,
        reconcileEvery: 4 * SWEEP,
      },
      ...{ activate: () => this.documents.judge, random: this.#random, timer: this.clock.timer },
      on: (event) => {
        if (event.type === "looked" && this.#reaper?.process === process) this.watch.reaperLooked();
      },
    };
    this.#reaper = { process, stop };
    void runReaper(process.world, options, stop.signal);
  }

  /** Killed, or told to stop, and started again after a while. */
  #endReaper(what: "killsReaper" | "stopsReaper", duration: number): void {
    if (this.#reaper === null) return;
    const { process, stop } = this.#reaper;
    this.#reaper = null;
    this.watch.reaperGone();
    if (what === "killsReaper") process.kill();
    stop.abort();
    this.clock.timer(duration, () => this.#startReaper());
  }

  #process(diesAt?: number): SimProcess {
    return new SimProcess(this.#machine, this.documents.judge, diesAt);
  }

  #begin(work: () => Promise<void>): void {
    void this.#run(work);
  }

  /** What the engine does, unless another run is at work; one that dies gives its lock back, as `recover` does. */
  async #run(work: () => Promise<void>): Promise<void> {
    if (this.#isLocked) return;
    this.#isLocked = true;
    await work();
    this.#isLocked = false;
  }

  /** Withdraws what is no longer declared, makes what is, and removes from the state what isn't any more. */
  async #deploy(process: SimProcess): Promise<void> {
    this.#backups.push(new Map(this.#states));
    const { world } = process;
    const declared = [...new Map(this.#declared.map((inputs) => [inputs.digest, inputs])).values()];
    // Whoever cleans up removes the files of what ended long ago.
    this.#declared = declared.filter(({ digest }) => !this.watch.hasEndedLongAgo(digest));
    const digests = new Set(declared.map(({ digest }) => digest));
    const states = [...this.#states.values()];
    await process.unlessDead(async () => {
      await reap(world, { declared: { project: "elevation", digests }, states, environments: null, atOnce: 4 });
      const ups = declared.map((inputs) => {
        const state = this.#states.get(inputs.digest);
        return this.#keep(inputs.digest, () =>
          state === undefined ? activate(world, inputs) : update(world, state, inputs),
        );
      });
      await Promise.all(ups);
      const gone = states.filter(({ digest }) => !digests.has(digest));
      await Promise.all(gone.map((state) => this.#keep(state.digest, () => remove(world, state).then(() => null))));
    });
  }

  async #refresh(process: SimProcess): Promise<void> {
    await process.unlessDead(async () => {
      const states = [...this.#states];
      await Promise.all(states.map(([digest, state]) => this.#keep(digest, () => read(process.world, state))));
    });
  }

  /** What the engine keeps of an operation, also of one that fails. */
  async #keep(digest: Digest, operation: () => Promise<GrantState | null>): Promise<void> {
    try {
      const state = await operation();
      if (state === null) this.#states.delete(digest);
      else this.#states.set(digest, state);
    } catch (error) {
      const { code, properties } = error as { readonly code?: string; readonly properties?: GrantState };
      // Whoever asked sees that, and takes the file back.
      if (code === "denied") this.#declared = this.#declared.filter((inputs) => inputs.digest !== digest);
      if (properties !== undefined) this.#states.set(digest, properties);
    }
  }
}
