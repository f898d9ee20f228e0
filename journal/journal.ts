// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import type { JournalEvent, NewEvent } from "@elevation/domain";
import type { ChainState } from "./chain-state";
import { dataProblem } from "./event-data";
import { isJournalError, JournalError } from "./journal-error";
import type { JournalView } from "./journal-view";
import { requireAppendable } from "./require-appendable";
import { sealEvents } from "./seal-events";
import { SerialQueue } from "./serial-queue";
import type { Head, JournalStore } from "./store";
import { addVerified, readAll, readTrusted, requireId, trusting } from "./trusted-reading";

/** How often a step is judged before it gives up: with eight writers at full speed one loses two hundred races once in 10^11. */
const RACES = 200;
/** The longest pause after a lost race, in ms. */
const PAUSE = 16;

/** The most steps for one lock and one write: more would save nothing, and keep other writers waiting. */
const TOGETHER = 64;

/** What was appended, and the view that holds it. */
export interface Appended {
  /** As they stand in the journal, with seq and hash. */
  readonly events: readonly JournalEvent[];
  readonly view: JournalView;
}

/** A step that waits for its turn. */
interface WaitingStep {
  readonly judge: (view: JournalView) => readonly NewEvent[];
  /** Called when what it appended is durable. */
  readonly done: (appended: Appended) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * One process's trusted reading of one chain: verified from its first event, then kept up by reading what was added.
 * Calls are served one after the other, steps that wait at the same time for one write of the store, where it can. An
 * error leaves the reading where it was; the next call tries again.
 */
export class Journal {
  readonly id: string;
  readonly #store: JournalStore;
  #state: ChainState;
  readonly #queue = new SerialQueue();
  #waiting: WaitingStep[] = [];
  #nextView: Promise<JournalView> | null = null;
  /** Whether the state holds events that could not be written. */
  #isAhead = false;

  private constructor(store: JournalStore, state: ChainState) {
    this.id = state.view().id;
    this.#store = store;
    this.#state = state;
  }

  /**
   * Reads and verifies all of a journal. `id` is the one that the job trusts (`ELEVATION_JOURNAL_ID`): the hash of the
   * first event. Throws JournalError `untrusted` if there is none, the journal is absent, is another one or does not
   * verify, and `unreadable` if the system refuses. The store belongs to the Journal from then on.
   */
  static async open(store: JournalStore, id: string | undefined): Promise<Journal> {
    requireId(store, id);
    return new Journal(store, await readAll(store, id));
  }

  /** The view after catching up with what others appended. Throws JournalError `untrusted`, `unreadable`. */
  view(): Promise<JournalView> {
    // Whoever asks before that reading begins is served by it.
    this.#nextView ??= this.#queue.run(() => {
      this.#nextView = null;
      return this.#catchUp();
    });
    return this.#nextView;
  }

  /**
   * Appends events whatever the head is, all or none, durable when the promise resolves. Throws as {@link step} does.
   */
  async append(events: readonly NewEvent[]): Promise<Appended> {
    const { events: appended, view } = await this.step(() => ({ events, result: null }));
    return { events: appended, view };
  }

  /**
   * Judges and appends as one step: nothing comes between the view that `judge` sees and the events that it returns.
   * When another writer was faster, `judge` is called again on the newer view, so it must do nothing but judge; it may
   * return no events, and then nothing is written. What it throws is passed on, and nothing is written.
   *
   * Throws JournalError `untrusted`, `unreadable`, `locked`, `write-failed`, or `head-moved` after 200 lost races;
   * TypeError for events that no journal may hold (a second life of an ended grant), a fault of the caller.
   */
  step<T>(
    judge: (view: JournalView) => { readonly events: readonly NewEvent[]; readonly result: T },
  ): Promise<Appended & { readonly result: T }> {
    if (this.#store.appendTogether === undefined) return this.#queue.run(() => this.#stepAlone(judge));
    return new Promise((resolve, reject) => {
      let result: T;
      this.#waiting.push({
        judge: (view) => {
          const judged = judge(view);
          result = judged.result;
          return judged.events;
        },
        done: (appended) => resolve({ ...appended, result }),
        failed: reject,
      });
      // Each step brings a turn of its own; the first turn serves all that wait, those of the others find nothing.
      void this.#queue.run(() => this.#stepTogether());
    });
  }

  /**
   * The identity of the server that the journal is on, null where none is: no grant may be opened at that server (design
   * §7), whose superusers, made by a grant, could rewrite the record of it. Throws JournalError `unreadable`.
   */
  server(): Promise<string | null> {
    return this.#queue.run(async () => (await this.#store.server?.()) ?? null);
  }

  /** Waits for what was asked before, then closes the store. */
  close(): Promise<void> {
    return this.#queue.run(() => this.#store.close());
  }

  /** For stores whose writers exclude nobody: a lost race judges again. */
  async #stepAlone<T>(
    judge: (view: JournalView) => { readonly events: readonly NewEvent[]; readonly result: T },
  ): Promise<Appended & { readonly result: T }> {
    for (let race = 1; ; race++) {
      const view = await this.#catchUp();
      const { events, result } = judge(view);
      if (events.length === 0) return { result, events: [], view };
      requireAppendable(events, view);
      const appended = await this.#tryAppend(events, view.head, race === RACES);
      if (appended !== null) return { result, events: appended, view: this.#state.view() };
      await delay(Math.random() * Math.min(PAUSE, race));
    }
  }

  /**
   * Group commit: judges the steps that wait, each on the view that the one before it leaves, and writes their events at
   * once. INVARIANT (all or none): a step is told of nothing that isn't durable, and one that fails leaves no event.
   */
  async #stepTogether(): Promise<void> {
    const steps = this.#waiting.splice(0, TOGETHER);
    if (steps.length === 0) return;
    const done: (() => void)[] = [];
    const unserved = new Set(steps);
    try {
      await this.#refresh();
      const fill = (newer: readonly JournalEvent[]): readonly JournalEvent[] => {
        addVerified(this.#store, this.#state, newer);
        const all: JournalEvent[] = [];
        for (const step of steps) {
          try {
            const events = this.#judged(step);
            all.push(...events);
            const view = this.#state.view();
            done.push(() => step.done({ events, view }));
          } catch (error) {
            unserved.delete(step);
            step.failed(error);
          }
        }
        this.#isAhead = all.length > 0;
        return all;
      };
      await trusting(() => this.#store.appendTogether?.(this.#state.head, fill) ?? Promise.resolve());
      this.#isAhead = false;
      for (const tell of done) tell();
    } catch (error) {
      for (const step of unserved) step.failed(error);
    }
  }

  /** The events of one step, sealed and in the state; throws before any of them is. */
  #judged(step: WaitingStep): readonly JournalEvent[] {
    const view = this.#state.view();
    const events = step.judge(view);
    if (events.length === 0) return [];
    requireAppendable(events, view);
    const sealed = sealEvents(events, view.head);
    requireSense(sealed);
    addVerified(this.#store, this.#state, sealed);
    return sealed;
  }

  /** Null: another writer was faster. */
  async #tryAppend(events: readonly NewEvent[], head: Head, isLast: boolean): Promise<readonly JournalEvent[] | null> {
    try {
      const appended = await this.#store.append(events, head);
      addVerified(this.#store, this.#state, appended);
      return appended;
    } catch (error) {
      if (!isJournalError(error) || error.code !== "head-moved") throw error;
      if (!isLast) return null;
      throw new JournalError(
        "head-moved",
        `the journal \`${this.#store.address}\` was appended to by others each of the ${RACES} times that this step was judged; run again`,
        { cause: error },
      );
    }
  }

  async #catchUp(): Promise<JournalView> {
    await this.#refresh();
    addVerified(this.#store, this.#state, await readTrusted(this.#store, this.#state.head));
    return this.#state.view();
  }

  /** After events could not be written: what is durable is read again, all of it. */
  async #refresh(): Promise<void> {
    if (!this.#isAhead) return;
    this.#state = await readAll(this.#store, this.id);
    this.#isAhead = false;
  }
}

/** A fault of the caller: what no reader would take must not be written. */
function requireSense(sealed: readonly JournalEvent[]): void {
  for (const event of sealed) {
    const senseless = dataProblem(event);
    if (senseless !== null)
      throw new TypeError(`\`${event.type}\` of ${event.request} cannot be journaled: ${senseless}`);
  }
}
