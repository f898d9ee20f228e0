// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import type { JournalEvent, NewEvent } from "@elevation/domain";
import { verifyChain } from "./chain";
import { ChainState } from "./chain-state";
import { dataProblem } from "./event-data";
import { isJournalError, JournalError } from "./journal-error";
import type { JournalView } from "./journal-view";
import { requireAppendable } from "./require-appendable";
import { SerialQueue } from "./serial-queue";
import type { Head, JournalStore } from "./store";

/** How often a step is judged before it gives up: with eight writers at full speed one loses two hundred races once in 10^11. */
const RACES = 200;
/** The longest pause after a lost race, in ms. */
const PAUSE = 16;

/** What was appended, and the view that holds it. */
export interface Appended {
  /** As they stand in the journal, with seq and hash. */
  readonly events: readonly JournalEvent[];
  readonly view: JournalView;
}

/**
 * One process's trusted reading of one chain: verified from its first event, then kept up by reading what was added.
 * Calls are served one after the other. An error leaves the reading where it was; the next call tries again.
 */
export class Journal {
  readonly id: string;
  readonly #store: JournalStore;
  readonly #state: ChainState;
  readonly #queue = new SerialQueue();

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
    const events = await readTrusted(store);
    if (events[0]?.hash !== id) {
      throw untrusted(
        store,
        `its id is ${events[0]?.hash ?? "none"}, the one to be trusted is ${id}; correct \`ELEVATION_JOURNAL\`, or bring the right journal back`,
      );
    }
    const state = new ChainState();
    addVerified(store, state, events);
    return new Journal(store, state);
  }

  /** The view after catching up with what others appended. Throws JournalError `untrusted`, `unreadable`. */
  view(): Promise<JournalView> {
    return this.#queue.run(() => this.#catchUp());
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
    return this.#queue.run(async () => {
      for (let race = 1; ; race++) {
        const view = await this.#catchUp();
        const { events, result } = judge(view);
        if (events.length === 0) return { result, events: [], view };
        requireAppendable(events, view);
        const appended = await this.#tryAppend(events, view.head, race === RACES);
        if (appended !== null) return { result, events: appended, view: this.#state.view() };
        await delay(Math.random() * Math.min(PAUSE, race));
      }
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
    addVerified(this.#store, this.#state, await readTrusted(this.#store, this.#state.head));
    return this.#state.view();
  }
}

/** Adds events only if all of them verify. */
function addVerified(store: JournalStore, state: ChainState, events: readonly JournalEvent[]): void {
  const problem = verifyChain(events, state.head);
  if (problem !== null) throw untrusted(store, `${problem.message}; restore it from a copy that verifies`);
  for (const event of events) {
    const senseless = dataProblem(event);
    if (senseless !== null) throw untrusted(store, `event ${event.seq}: ${senseless}; restore the journal itself`);
  }
  state.add(events);
}

async function readTrusted(store: JournalStore, after?: Head): Promise<readonly JournalEvent[]> {
  try {
    return await store.read(after);
  } catch (error) {
    // There is no journal: whoever granted on that would give every old request a second life.
    if (isJournalError(error) && error.code === "absent") {
      throw new JournalError("untrusted", error.message, { cause: error });
    }
    throw error;
  }
}

function requireId(store: JournalStore, id: string | undefined): asserts id is string {
  if (id === undefined || id === "") {
    throw untrusted(
      store,
      "nothing says which journal it should be; set `ELEVATION_JOURNAL_ID` to the id that `elevate journal init` printed",
    );
  }
  if (!/^[0-9a-f]{64}$/.test(id)) {
    throw untrusted(
      store,
      "the id to be trusted is not 64 hex digits; set `ELEVATION_JOURNAL_ID` to the id that `elevate journal init` printed",
    );
  }
}

function untrusted(store: JournalStore, what: string): JournalError {
  return new JournalError("untrusted", `the journal \`${store.address}\` cannot be trusted: ${what}`);
}
