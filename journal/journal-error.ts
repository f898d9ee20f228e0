// SPDX-License-Identifier: Apache-2.0

/** What went wrong with a journal; the message has the remedy. */
export type JournalErrorCode =
  /** `ELEVATION_JOURNAL` names no store that this version can open. */
  | "address-invalid"
  /** There is no journal at the address. */
  | "absent"
  /** It is there, but the system refuses to read it. */
  | "unreadable"
  /** It is not the journal that the job was told to trust, or it does not verify. Nothing is granted on it. */
  | "untrusted"
  /** Somebody else appended since the head that the caller judged by: judge again. */
  | "head-moved"
  /** A journal is made once; one is there already. */
  | "exists"
  /** Another process has held the lock for longer than a writer needs. */
  | "locked"
  /** Nothing was appended: the disk is full, the file may not be written, the device failed. */
  | "write-failed";

/** A fault of the journal or of its store. `message` is one self-contained line with its fix, and holds no secret. */
export class JournalError extends Error {
  readonly code: JournalErrorCode;
  /** A brand instead of `instanceof`: two copies of this package may meet in one process. */
  readonly isJournalError = true;

  constructor(code: JournalErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "JournalError";
    this.code = code;
  }
}

/** Whether a caught value is a {@link JournalError}, from whichever copy of this package. */
export function isJournalError(error: unknown): error is JournalError {
  return typeof error === "object" && error !== null && (error as { isJournalError?: unknown }).isJournalError === true;
}

/** The system's short code of a failed call, as in `ENOSPC`; `unknown error` where there is none. */
export function systemCode(error: unknown): string {
  const code = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "unknown error";
}
