// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent } from "@elevation/domain";
import { type ChainProblem, GENESIS, type Head, parseLine, verifyChain, verifyLinks } from "@elevation/journal";

/** What the chain of a journal or an export is found to be: of the events that verify, from the first. */
export interface Audit {
  /** How many they are: all, if there is no problem. */
  readonly count: number;
  /** How many of them stand there without their data: of those the chain is verified, but there is no data to verify. */
  readonly withoutData: number;
  readonly opened: JournalEvent | null;
  readonly last: JournalEvent | null;
  /** The first thing that is wrong. */
  readonly problem: ChainProblem | null;
  /** Bytes of a last line that its writer did not finish, or has not yet. */
  readonly unfinishedBytes: number;
}

/** Events in a row that verify, provided that the first of them follows `after`: whoever joins them has to look at that. */
export interface ChainPart {
  readonly after: Head;
  readonly last: JournalEvent;
  readonly withoutData: number;
}

/** The part of a chain that verifies: what comes after its first problem is not looked at. Keeps none of the events between. */
export class AuditedChain {
  #withoutData = 0;
  #after: Head | null;
  #opened: JournalEvent | null = null;
  #last: JournalEvent | null = null;
  #problem: ChainProblem | null = null;

  /** `after` null: it may follow whatever its first event says, see {@link ChainPart}. */
  constructor(after: Head | null = GENESIS) {
    this.#after = after;
  }

  /** Whether it verifies up to and with what a line without its newline holds. */
  readonly addLine = (line: string): boolean => {
    if (this.#problem !== null) return false;
    const parsed = parseLine(line);
    if ("problem" in parsed) {
      const seq = (this.#last?.seq ?? 0) + 1;
      this.#problem = { seq, message: `event ${seq}: ${parsed.problem}` };
      return false;
    }
    const { event } = parsed;
    this.#after ??= { seq: event.seq - 1, hash: event.prev };
    return this.#add(event, verifyLinks([event], this.#last ?? this.#after));
  };

  /** Whether it verifies up to and with what a store gave, of whatever shape. */
  addValue(value: unknown): boolean {
    if (this.#problem !== null) return false;
    // verifyChain looks at its shape before it believes it.
    const event = value as JournalEvent;
    return this.#add(event, verifyChain([event], this.#last ?? GENESIS));
  }

  /** Adds events that were verified elsewhere. False: they are not those that follow, and nothing was added. */
  join({ after, last, withoutData }: ChainPart): boolean {
    if (this.#problem !== null || this.#last?.seq !== after.seq || this.#last.hash !== after.hash) return false;
    this.#last = last;
    this.#withoutData += withoutData;
    return true;
  }

  /** What was added, for another chain to {@link join}; null if it doesn't verify, or is empty. */
  part(): ChainPart | null {
    if (this.#problem !== null || this.#after === null || this.#last === null) return null;
    return { after: this.#after, last: this.#last, withoutData: this.#withoutData };
  }

  audit(unfinishedBytes: number): Audit {
    return {
      count: this.#last?.seq ?? 0,
      withoutData: this.#withoutData,
      opened: this.#opened,
      last: this.#last,
      problem: this.#problem,
      unfinishedBytes,
    };
  }

  #add(event: JournalEvent, problem: ChainProblem | null): boolean {
    this.#problem = problem;
    if (problem !== null) return false;
    if (event.salt === undefined) this.#withoutData++;
    this.#opened ??= event;
    this.#last = event;
    return true;
  }
}
