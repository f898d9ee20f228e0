// SPDX-License-Identifier: Apache-2.0

/** What somebody put into an inbox, who may be anybody. */
export interface Letter {
  /** By which it is found again: a file's name, a row's number. */
  readonly name: string;
  /** Null where it can't be read. */
  readonly text: string | null;
  /** Why it can't be read; a whole sentence. */
  readonly fault: string | null;
}

/** What becomes of a letter: it is never lost, and never taken twice. */
export type Settlement = "done" | "refused";

/** Where orders arrive. Both methods reject where the folder or the server can't be reached. */
export interface Inbox {
  /** As messages show it: it holds no password. */
  readonly address: string;
  /**
   * Letters that nobody has settled, but those of these names; as many as are served at a time. Of more, which ones is left to chance
   * (`random`: at least 0, below 1), so that nobody's letters stand before all others.
   */
  waiting(but: ReadonlySet<string>, random: () => number): Promise<readonly Letter[]>;
  /** Puts a letter where people find it, beside the reason. Of one that another reaper settled nothing is said. */
  settle(letter: Letter, settlement: Settlement, reason: string): Promise<void>;
  close(): Promise<void>;
}

/** No order is longer: a page of text and a signature. Longer letters are not read. */
export const MAX_LETTER_BYTES = 16_384;
/** Of a thousand letters that arrive at once, as many are served at a time. */
export const LETTERS_AT_ONCE = 100;
