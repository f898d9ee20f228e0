// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent } from "@elevation/domain";
import { verifyChain } from "./chain";
import { ChainState } from "./chain-state";
import { dataProblem } from "./event-data";
import { isJournalError, JournalError } from "./journal-error";
import type { Head, JournalStore } from "./store";

/** Reads and verifies all of the journal that has this id. Throws JournalError `untrusted`, `unreadable`. */
export async function readAll(store: JournalStore, id: string): Promise<ChainState> {
  const events = await readTrusted(store);
  if (events[0]?.hash !== id) {
    throw untrusted(
      store,
      `its id is ${events[0]?.hash ?? "none"}, the one to be trusted is ${id}; correct \`ELEVATION_JOURNAL\`, or bring the right journal back`,
    );
  }
  const state = new ChainState();
  addVerified(store, state, events);
  return state;
}

/** Adds events only if all of them verify. */
export function addVerified(store: JournalStore, state: ChainState, events: readonly JournalEvent[]): void {
  const problem = verifyChain(events, state.head);
  if (problem !== null) throw untrusted(store, `${problem.message}; restore it from a copy that verifies`);
  for (const event of events) {
    const senseless = dataProblem(event);
    if (senseless !== null) throw untrusted(store, `event ${event.seq}: ${senseless}; restore the journal itself`);
  }
  state.add(events);
}

/** As the store reads; a journal that is absent is `untrusted`. */
export function readTrusted(store: JournalStore, after?: Head): Promise<readonly JournalEvent[]> {
  return trusting(() => store.read(after));
}

/** A call of the store in which a journal that is absent is `untrusted`. */
export async function trusting<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    // There is no journal: whoever granted on that would give every old request a second life.
    if (isJournalError(error) && error.code === "absent") {
      throw new JournalError("untrusted", error.message, { cause: error });
    }
    throw error;
  }
}

/** Throws JournalError `untrusted` where nothing says which journal is to be trusted. */
export function requireId(store: JournalStore, id: string | undefined): asserts id is string {
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
