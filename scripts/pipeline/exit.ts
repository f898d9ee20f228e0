// SPDX-License-Identifier: Apache-2.0

/** Exit codes of the pipeline's steps: those of `elevate` (docs/operations.md). */
export const EXIT = { yes: 0, failed: 1, badInput: 2, denied: 3, storeFailed: 4 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a step. `message` says what was seen and how to mend it. */
export class StepError extends Error {
  override readonly name = "StepError";
  readonly exit: ExitCode;

  constructor(exit: ExitCode, message: string) {
    super(message);
    this.exit = exit;
  }
}

/** Of several outcomes the one that somebody must look at first: access that may be open, then what was refused, then input. */
export function worst(codes: readonly ExitCode[]): ExitCode {
  return [EXIT.storeFailed, EXIT.failed, EXIT.badInput, EXIT.denied].find((code) => codes.includes(code)) ?? EXIT.yes;
}
