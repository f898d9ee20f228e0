// SPDX-License-Identifier: Apache-2.0

/** What went wrong at a target or in a grant's life; the message has the remedy. */
export type GrantErrorCode =
  | "input-invalid"
  | "denied"
  | "journal-untrusted"
  | "policy-invalid"
  | "connection-missing"
  | "connection-failed"
  | "login-missing"
  | "role-missing"
  | "rights-missing"
  | "target-unsupported"
  | "server-changed"
  | "clock-apart"
  | "name-taken"
  | "activation-failed"
  | "revoke-failed"
  | "timed-out";

/** A fault. `message` is self-contained, one sentence with its fix, and holds no secret. */
export class GrantError extends Error {
  readonly code: GrantErrorCode;
  /** A brand instead of `instanceof`: two copies of this package may meet in one process. */
  readonly isGrantError = true;

  constructor(code: GrantErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "GrantError";
    this.code = code;
  }
}

export function isGrantError(error: unknown): error is GrantError {
  return typeof error === "object" && error !== null && (error as { isGrantError?: unknown }).isGrantError === true;
}
