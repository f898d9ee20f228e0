// SPDX-License-Identifier: Apache-2.0

/** Something that somebody must look at, or that it is over. Says no more than `elevate status` does. */
export interface Notice extends News {
  /** Of this notice alone: a receiver that sees it twice was sent it twice, or somebody replays it. */
  readonly id: string;
  /** When it was noticed. */
  readonly at: string;
  /** As it may be shown. */
  readonly journal: string;
}

export interface News {
  readonly event: /** A grant must end and could not be ended, or that could not be recorded, three times in a row and more; and that it has. */
    | "alarm"
    | "all-clear"
    | "journal-untrusted"
    | "journal-trusted"
    | "residue"
    | "orphan"
    /** Who ends grants too was not heard of for two intervals; and that it was again. */
    | "silence"
    | "silence-over"
    /** A fire drill found something wrong; and that it found nothing, at first and after that. */
    | "drill-failed"
    | "drill-passed";
  /** The same in an alarm and what ends it. */
  readonly key: string;
  /** What it is about; fields are added, never changed. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** Where notices leave. */
export interface Notifier {
  /** Takes a notice and returns at once. Never throws: what becomes of it holds up nothing. */
  notify(notice: Notice): void;
  /** Gives what waits so many milliseconds to leave. */
  close(patience: number): Promise<void>;
}

/** From so many failures in a row on somebody should look. */
export const ALARMING = 3;
/** Then again after each so many, about an hour of tries. */
const REMINDING = 60;

export function isAlarm(failures: number): boolean {
  return failures === ALARMING || (failures > ALARMING && failures % REMINDING === 0);
}

/** One JSON line a notice. */
export function logNotifier(print: (notice: Notice) => void): Notifier {
  return { notify: print, close: () => Promise.resolve() };
}
