// SPDX-License-Identifier: Apache-2.0
import { isJournalError, type JournalError } from "@elevation/journal";
import { CommandError, EXIT, type ExitCode } from "./exit";

/** A fault of the journal as the end of a command: what must be mended is bad input, the rest a store that failed. */
export function journalFault(error: unknown): unknown {
  return isJournalError(error) ? new CommandError(exitOf(error), error.message, { cause: error }) : error;
}

function exitOf({ code, cause }: JournalError): ExitCode {
  // What is absent can't be trusted, says the reader of a journal that was to be trusted.
  if (code === "untrusted" && isJournalError(cause)) return exitOf(cause);
  return code === "address-invalid" || code === "absent" || code === "exists" ? EXIT.badInput : EXIT.storeFailed;
}
