// SPDX-License-Identifier: Apache-2.0
import { isRoleName } from "@elevation/journal";
import { ordersSql } from "@elevation/reaper";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { neutral } from "../neutral";
import type { Terminal } from "../terminal";

export interface OrdersSqlOptions {
  readonly sender?: readonly string[];
  readonly reaper?: readonly string[];
}

/** `elevate orders sql`: prints what makes an inbox at a PostgreSQL server. Throws CommandError. */
export function printOrdersSql({ sender = [], reaper = [] }: OrdersSqlOptions, terminal: Terminal): ExitCode {
  const bad = [...sender, ...reaper].find((name) => !isRoleName(name));
  if (bad !== undefined) {
    throw new CommandError(
      EXIT.badInput,
      `\`${neutral(bad)}\` can't be given rights on the inbox; name a role of letters, digits, \`_\`, \`$\` and \`-\`, none of PostgreSQL's own`,
    );
  }
  terminal.print(ordersSql({ senders: sender, takers: reaper }).trimEnd());
  return EXIT.yes;
}
