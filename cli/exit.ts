// SPDX-License-Identifier: Apache-2.0

/** Exit codes of every command (design §8, a contract). */
export const EXIT = {
  yes: 0,
  /** A test or check failed: a case of a policy test, a chain that doesn't verify, an error or a warning of `lint`, something wider in a `diff`. */
  failed: 1,
  /** A document, an argument or the environment is wrong; the same call fails again until it is mended. */
  badInput: 2,
  /** At least one request is denied. */
  denied: 3,
  /** A target or a store failed; the same call may succeed later. */
  storeFailed: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command. `message` is one self-contained line with its fix, shown without a stack. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exit: ExitCode;

  constructor(exit: ExitCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.exit = exit;
  }
}
