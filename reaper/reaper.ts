// SPDX-License-Identifier: Apache-2.0
import type { Digest, Instant, Judge } from "@elevation/domain";
import type { JournalView } from "@elevation/journal";
import {
  type Due,
  dueByTheirClocks,
  endDue,
  instantOf,
  journalNow,
  judgedNow,
  lookAgain,
  mustEnd,
  type OpenState,
  openGrants,
  type Reaped,
  type Reconciliation,
  reasonOf,
  reconcile,
  type Trusted,
  type World,
  waitingIn,
} from "@elevation/provider/lifecycle";
import { Agenda } from "./agenda";
import { pauseAfter } from "./backoff";
import { KeyedQueues } from "./keyed-queues";
import type { OrderDesk, OrderEvent } from "./orders/desk";
import { Sleep, type Timer } from "./sleep";
import { type StartEvent, Starts } from "./starts";

export interface ReaperOptions {
  /** Only grants of these environments; null: of all. */
  readonly environments: ReadonlySet<string> | null;
  /** By which live grants are judged again at each look; null: by nothing (yet). Must not throw. */
  readonly judge: () => Judge | null;
  /**
   * Absent or null: it only ends access. Else scheduled grants are activated at their starts, decided again by what this gives; where that is null
   * (for now), or the journal can't be trusted, none is. Must not throw.
   */
  readonly activate?: (() => Judge | null) | null;
  /** How many grants are ended at once at each connection: a target that is slow holds up no other. */
  readonly atOnce: number;
  /** How often the journal is read, in milliseconds: what others made is known at the latest then. */
  readonly lookEvery: number;
  /** How often targets are asked for their clocks, and what has ended is looked at again, in milliseconds. */
  readonly sweepEvery: number;
  /** How often what stands at the targets is compared with the journal, in milliseconds. */
  readonly reconcileEvery: number;
  /** At least 0, below 1: spreads what is tried again. */
  readonly random: () => number;
  /** By which it sleeps; absent: by the system's. Whoever gives another clock than the machine's gives its timer too. */
  readonly timer?: Timer;
  /** Takes orders, at each look; null or absent: none are taken. */
  readonly orders?: OrderDesk | null;
  /** Told of what happens, in its order. Must not throw. */
  readonly on: (event: ReaperEvent) => void;
}

export type ReaperEvent =
  | OrderEvent
  /** The journal was read: so many grants may be open, the first that is not due yet ends then, and so many wait for their start. */
  | { readonly type: "looked"; readonly open: number; readonly next: Instant | null; readonly scheduled: number }
  /** There is news in the journal, which can be trusted. */
  | { readonly type: "read"; readonly view: JournalView }
  /** The journal can't be trusted, or could again (null). What is known goes on to be ended. */
  | { readonly type: "journal"; readonly reason: string | null }
  /** A grant's end begins, perhaps not for the first time. */
  | { readonly type: "begun"; readonly digest: Digest }
  /** `lateMs`: how long after its expiry it was observed to have ended; null where something else ended it. */
  | { readonly type: "ended"; readonly grant: Reaped; readonly lateMs: number | null }
  /** It could not be ended, or that could not be recorded; `failures` in a row, and when it is tried again. */
  | { readonly type: "failed"; readonly grant: Reaped; readonly failures: number; readonly again: Instant }
  /** What stands at the targets was compared with the journal. */
  | { readonly type: "reconciled"; readonly reconciliation: Reconciliation }
  | StartEvent;

/** What is left when a reaper has stopped. */
export interface Stopped {
  /** How many grants could not be ended, or not recorded. */
  readonly failing: number;
}

/** A grant that could not be ended yet. */
interface Failing {
  readonly due: Due;
  readonly failures: number;
  readonly again: Instant;
}

/**
 * Ends each grant of a journal at its expiry, at its target, and activates scheduled ones where it is told to, until it is told to stop:
 * then it waits for what has begun. Never rejects for what one grant, one target or the journal does: what can't be ended is tried again, with pauses that grow to a minute, for ever.
 */
export async function runReaper(world: World, options: ReaperOptions, stop: AbortSignal): Promise<Stopped> {
  return new Reaper(world, options).run(stop);
}

class Reaper {
  readonly #world: World;
  readonly #options: ReaperOptions;
  readonly #sleep: Sleep;
  readonly #ends: KeyedQueues<Due>;
  readonly #working = new Map<Digest, Promise<void>>();
  readonly #failing = new Map<Digest, Failing>();
  /** What may be open by the journal, as it was when it last changed. */
  #open: readonly OpenState[] = [];
  #agenda = new Agenda([], () => null);
  readonly #starts: Starts;
  /** How many wait for their start. */
  #scheduled = 0;
  /** Ended since the look began that is under way: it may have read the journal before that. */
  readonly #endedMeanwhile = new Set<Digest>();
  #untrusted: string | null = null;
  /** Of the journal that `#open` was made of. */
  #head: string | null = null;
  /** What goes on beside the ends: at most one look, one sweep and one reconciliation. */
  #look: Promise<void> | null = null;
  #sweep: Promise<void> | null = null;
  #reconciliation: Promise<void> | null = null;
  #lookAt: Instant = Number.NEGATIVE_INFINITY;
  #ordersAt: Instant = Number.NEGATIVE_INFINITY;
  #sweepAt: Instant = Number.NEGATIVE_INFINITY;
  #reconcileAt: Instant = Number.NEGATIVE_INFINITY;

  constructor(world: World, options: ReaperOptions) {
    this.#world = world;
    this.#options = options;
    this.#ends = new KeyedQueues(options.atOnce, (due) => this.#end(due));
    this.#sleep = new Sleep(options.timer);
    const wake = () => this.#sleep.wake();
    this.#starts = new Starts(world, options, (event) => this.#tellStart(event), wake);
  }

  async run(stop: AbortSignal): Promise<Stopped> {
    const { lookEvery, sweepEvery, reconcileEvery } = this.#options;
    const wake = () => this.#sleep.wake();
    stop.addEventListener("abort", wake);
    while (!stop.aborted) {
      const now = this.#world.clock();
      if (isTime(now, this.#lookAt, lookEvery)) this.#beginLook(now);
      if (isTime(now, this.#sweepAt, sweepEvery)) this.#beginSweep(now);
      if (isTime(now, this.#ordersAt, lookEvery)) this.#takeOrders(now);
      if (isTime(now, this.#reconcileAt, reconcileEvery)) this.#beginReconciliation(now);
      for (const due of this.#agenda.take(now)) this.#begin(due);
      for (const { due, again } of this.#failing.values()) if (again <= now) this.#begin(due);
      this.#beginStarts(now);
      await this.#sleep.for(this.#nextWake(now) - this.#world.clock());
    }
    stop.removeEventListener("abort", wake);
    await Promise.all([this.#look, this.#sweep, this.#reconciliation, this.#options.orders?.idle()]);
    await Promise.all([...this.#working.values(), this.#starts.settled()]);
    return { failing: this.#failing.size };
  }

  #nextWake(now: Instant): Instant {
    const { lookEvery } = this.#options;
    const ours = [this.#agenda.next, this.#starts.nextAfter(now)].filter((at) => at !== null);
    let wake = Math.min(now + lookEvery, ...ours);
    for (const [digest, { again }] of this.#failing) if (!this.#working.has(digest)) wake = Math.min(wake, again);
    return wake;
  }

  #beginLook(now: Instant): void {
    if (this.#look !== null) return;
    this.#lookAt = now;
    this.#endedMeanwhile.clear();
    this.#look = this.#readJournal()
      .catch((error: unknown) => this.#tellTrust(reasonOf(error)))
      .finally(() => {
        this.#look = null;
        this.#sleep.wake();
      });
  }

  async #readJournal(): Promise<void> {
    const { trusted, view } = await journalNow(this.#world);
    this.#tellTrust(trusted instanceof Error ? reasonOf(trusted) : null);
    // What was known goes on: a journal that can't be read keeps nobody's access open.
    if (view === null) return;
    const isKnown = this.#isKnown(trusted);
    if (!isKnown && !(trusted instanceof Error)) this.#options.on({ type: "read", view });
    const { environments } = this.#options;
    if (!isKnown && !(trusted instanceof Error)) this.#planStarts(trusted);
    if (!isKnown) this.#open = openGrants({ environments, states: [] }, trusted, view);
    // Judged again each time: what a deny rule says depends on the instant, too.
    const judge = this.#options.judge();
    if (!isKnown || judge !== null) this.#plan(trusted, judge);
    // NB. last: what of it could not be planned is tried again with the next look.
    this.#head = headOf(trusted);
    const [open, next, scheduled] = [this.#open.length, this.#agenda.next, this.#scheduled];
    this.#options.on({ type: "looked", open, next, scheduled });
  }

  #planStarts({ view }: Trusted): void {
    const { activate, environments } = this.#options;
    const waiting = waitingIn(view, environments);
    this.#scheduled = waiting.length;
    if (activate != null) this.#starts.plan(waiting);
  }

  #beginStarts(now: Instant): void {
    const { activate } = this.#options;
    if (activate != null && this.#untrusted === null) this.#starts.begin(now, activate);
  }

  #tellStart(event: StartEvent): void {
    // When it ends is to be known at once.
    if (event.type === "activated") this.#lookAt = Number.NEGATIVE_INFINITY;
    this.#options.on(event);
  }

  #plan(trusted: Trusted | Error, judge: Judge | null): void {
    const digests = new Set(this.#open.map(({ digest }) => digest));
    for (const digest of this.#failing.keys()) if (!digests.has(digest)) this.#failing.delete(digest);
    const now = this.#world.clock();
    const isFree = ({ digest }: OpenState) =>
      !this.#working.has(digest) && !this.#failing.has(digest) && !this.#endedMeanwhile.has(digest);
    const free = this.#open.filter(isFree);
    this.#agenda = new Agenda(free, (grant) => mustEnd(grant, trusted, now) ?? judgedNow(judge, grant, now));
  }

  /** Whether the journal is the one of the last look: then nothing is new. */
  #isKnown(trusted: Trusted | Error): boolean {
    const head = headOf(trusted);
    return head !== null && head === this.#head;
  }

  #tellTrust(reason: string | null): void {
    if (reason === this.#untrusted) return;
    this.#untrusted = reason;
    this.#options.on({ type: "journal", reason });
  }

  /** Beside the look, which a journal that hangs may hold up. */
  #takeOrders(now: Instant): void {
    this.#ordersAt = now;
    void this.#options.orders?.look(this.#open);
  }

  #beginSweep(now: Instant): void {
    if (this.#sweep !== null) return;
    this.#sweepAt = now;
    this.#sweep = this.#sweepTargets()
      .catch((error: unknown) => this.#world.say(`a sweep failed: ${reasonOf(error)}`))
      .finally(() => {
        this.#sweep = null;
      });
  }

  async #sweepTargets(): Promise<void> {
    const { atOnce, environments } = this.#options;
    for (const due of await dueByTheirClocks(this.#world, atOnce, this.#agenda.upcoming)) this.#begin(due);
    await lookAgain(this.#world, { environments, atOnce });
  }

  #beginReconciliation(now: Instant): void {
    if (this.#reconciliation !== null) return;
    this.#reconcileAt = now;
    const { atOnce, environments, on } = this.#options;
    // One connection after the other: beside it grants end.
    this.#reconciliation = reconcile(this.#world, { atOnce, environments, surveysAtOnce: 1 })
      .then((reconciliation) => on({ type: "reconciled", reconciliation }))
      .catch((error: unknown) => this.#world.say(`a reconciliation failed: ${reasonOf(error)}`))
      .finally(() => {
        this.#reconciliation = null;
      });
  }

  #begin(due: Due): void {
    const [grant] = due;
    if (this.#working.has(grant.digest)) return;
    const { kind, connection } = grant.place;
    const work = this.#ends.push([kind, connection], due).finally(() => {
      this.#working.delete(grant.digest);
      this.#sleep.wake();
    });
    this.#working.set(grant.digest, work);
  }

  async #end(due: Due): Promise<void> {
    const [grant, cause] = due;
    this.#options.on({ type: "begun", digest: grant.digest });
    const reaped = await endDue(this.#world, grant, cause);
    const now = this.#world.clock();
    if (reaped.outcome === "stuck" || reaped.outcome === "unrecorded") {
      const failures = (this.#failing.get(grant.digest)?.failures ?? 0) + 1;
      const again = now + pauseAfter(failures, this.#options.random());
      this.#failing.set(grant.digest, { due, failures, again });
      this.#options.on({ type: "failed", grant: reaped, failures, again });
      return;
    }
    this.#failing.delete(grant.digest);
    this.#endedMeanwhile.add(grant.digest);
    const lateMs = cause === "expiry" && reaped.outcome !== "abandoned" ? now - instantOf(grant.expiresAt) : null;
    this.#options.on({ type: "ended", grant: reaped, lateMs });
  }
}

/** A clock that was set back must not put off for hours what is done every second. */
function isTime(now: Instant, last: Instant, every: number): boolean {
  return now >= last + every || now < last;
}

function headOf(trusted: Trusted | Error): string | null {
  return trusted instanceof Error ? null : trusted.view.head.hash;
}
