// SPDX-License-Identifier: Apache-2.0

import type { JournalEvent, NewEvent } from "@elevation/domain";
import type { Beats } from "./beats/beats";

/** The last event of a chain, or of the part of it that somebody has seen. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** The head of a journal that holds nothing yet: what the first event's `prev` is (design §9). */
export const GENESIS: Head = Object.freeze({ seq: 0, hash: "0".repeat(64) });

/** The port that every journal store implements; the conformance suite in test/conformance says what it must do. */
export interface JournalStore {
  /** As in `file:/var/lib/elevation/journal.jsonl`; holds no secret. */
  readonly address: string;
  /**
   * All finished events after `after` (all of them without it), in order. The chain is not verified here: the reader
   * does. Throws JournalError `absent`, `unreadable`, or `untrusted` where something is no event or `after` is no
   * longer there.
   */
  read(after?: Head): Promise<readonly JournalEvent[]>;
  /**
   * Appends all events or none, durable when the promise resolves. With `ifHead`, only if that is still the head:
   * otherwise JournalError `head-moved`, and the caller judges again. {@link GENESIS} as `ifHead` makes the journal, and
   * is `exists` where there is one; nothing else makes one (`absent`). Other errors: `locked`, `write-failed`,
   * `untrusted` where the end of the chain does not verify.
   */
  append(events: readonly NewEvent[], ifHead?: Head): Promise<readonly JournalEvent[]>;
  /**
   * Appends what `fill` returns for the events after `after`, as {@link append} does, with nobody else appending
   * meanwhile: many steps for one lock and one write. What it returns is sealed to follow the last of them; it is called
   * once, or not at all if this throws before. Absent where writers exclude nobody: there each append is conditional.
   */
  appendTogether?(after: Head, fill: (newer: readonly JournalEvent[]) => readonly JournalEvent[]): Promise<void>;
  /**
   * The identity of the server that the journal is on, as a target's connection tells its own (PostgreSQL: the system
   * identifier); absent where no server is. For whoever must not open access at the journal's own server (design §7).
   */
  server?(): Promise<string>;
  /**
   * All that stands in the store, in batches and in order, of whatever shape: for an audit, which says what is wrong where
   * `read` only refuses. Absent where the store's own form is audited. Throws as `read` does.
   */
  values?(): AsyncGenerator<readonly unknown[]>;
  /**
   * Where whoever ends grants says that it lives: beside the journal, and no part of it. To be closed by itself. Absent where
   * the store has no room for it.
   */
  beats?(): Beats;
  close(): Promise<void>;
}
