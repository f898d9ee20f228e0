// SPDX-License-Identifier: Apache-2.0
import { compareMeaning } from "@elevation/domain";
import type { DiffReport } from "../diff-report";
import { readSides } from "../diff-sides";
import { renderDiff, renderDiffMarkdown } from "../diff-text";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { readAt } from "../instant-option";
import { readJournal } from "../journal-reading";
import { liveChanges } from "../live-changes";
import { replay } from "../replay";
import type { Terminal } from "../terminal";

export interface DiffOptions {
  readonly at?: string;
  readonly policy?: string;
  readonly directory?: string;
  readonly journal?: string;
  readonly replay?: boolean;
  readonly markdown?: boolean;
  readonly json?: boolean;
}

/**
 * `elevate diff`: who gains or loses what, when one policy or directory takes the place of another. Whatever is wider is exit 1, so that
 * a pipeline can ask for another reviewer. Changes nothing. Throws BadDocuments, CommandError.
 */
export async function diff(
  old: string,
  now: string | undefined,
  options: DiffOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  if (options.json === true && options.markdown === true) {
    throw new CommandError(EXIT.badInput, "`--json` and `--markdown` are given; give one of them");
  }
  const at = readAt(options.at);
  const { directory, policy } = options;
  const sides = readSides(terminal.cwd, { old, now, policy, directory });
  const past = await readJournal(terminal, options.journal);
  if (past === null && options.replay === true) {
    throw new CommandError(
      EXIT.badInput,
      "`--replay` has no journal to read; set `ELEVATION_JOURNAL` or give `--journal`",
    );
  }
  const [before, after] = sides.map(({ judge }) => judge);
  if (before === undefined || after === undefined) throw new TypeError("two sides are compared");
  const meaning = compareMeaning(documentsOf(before), documentsOf(after), at);
  const report: DiffReport = {
    old: sides[0].name,
    new: sides[1].name,
    ...meaning,
    live: past === null ? null : liveChanges(past.view, [before, after], at),
    replay: past === null || options.replay !== true ? null : replay(past.events, after),
  };
  if (options.json === true) terminal.printJson(report);
  else terminal.print(options.markdown === true ? renderDiffMarkdown(report) : renderDiff(terminal, report));
  if (past === null) terminal.say("no journal is configured: live grants are not looked at");
  return report.widened ? EXIT.failed : EXIT.yes;
}

function documentsOf({ directory, policy }: ReturnType<typeof readSides>[number]["judge"]) {
  return { policy: policy.value, directory: directory.value };
}
