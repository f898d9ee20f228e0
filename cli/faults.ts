// SPDX-License-Identifier: Apache-2.0
import { isJournalError, type JournalError } from "@elevation/journal";
import { CommandError, EXIT, type ExitCode } from "./exit";

/**
 * A fault of the journal as the end of a command. What is wrong with an address, or stands where a new journal should be
 * made, is bad input. A good address with nothing there is a store that failed: what was there is gone, or not yet back.
 */
export function journalFault(error: unknown): unknown {
  return isJournalError(error) ? new CommandError(exitOf(error), error.message, { cause: error }) : error;
}

function exitOf({ code }: JournalError): ExitCode {
  return code === "address-invalid" || code === "exists" ? EXIT.badInput : EXIT.storeFailed;
}
