// SPDX-License-Identifier: Apache-2.0
import { type Instant, parseInstant, quote } from "@elevation/domain";
import { CommandError, EXIT } from "./exit";

/** The instant that `--at` names; the clock's without it. Throws CommandError (bad input) for anything else. */
export function readAt(text: string | undefined): Instant {
  if (text === undefined) return Date.now();
  const instant = parseInstant(text);
  if (instant !== null) return instant;
  throw new CommandError(
    EXIT.badInput,
    `\`--at\` is ${quote(text)}, no instant with an offset; write it as in 2026-11-24T10:00:00Z`,
  );
}
