// SPDX-License-Identifier: Apache-2.0
import type { Instant } from "@elevation/domain";
import type { Beat } from "./beat";

/** What was heard of those who end grants. */
export interface Heard {
  /** The last beat of each. */
  readonly beats: readonly Beat[];
  /** When they were copied beside a copy of the journal, which hears nothing more; null: these are the beats themselves. */
  readonly copiedAt: Instant | null;
}

/**
 * Where beats are kept: beside a journal, and no part of it. They are no evidence, and nothing is decided by them: who forges
 * one, or takes one away, changes a warning and nothing else (ADR 0015).
 */
export interface Beats {
  /** Takes the place of the beat of its kind before it. Throws JournalError `absent`, `unreadable`, `write-failed`. */
  say(beat: Beat): Promise<void>;
  /** What is no beat is passed over. Throws JournalError `unreadable`; that nobody ever said one is no error. */
  hear(): Promise<Heard>;
  close(): Promise<void>;
}
