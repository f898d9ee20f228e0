// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import { surveyStacks } from "@elevation/reaper/stacks";
import { EXIT, type ExitCode } from "../exit";
import { journalFault } from "../faults";
import { openJournal, requireJournal, storeOf } from "../journal-source";
import { openProjectAt } from "../open-project";
import { stacksReport } from "../stacks-report";
import { renderStacks } from "../stacks-table";
import type { Terminal } from "../terminal";

export interface StacksOptions {
  readonly journal?: string;
  readonly json?: boolean;
}

/** On how many stacks an engine is asked at the same time; it runs nothing of them. */
const AT_ONCE = 4;

/**
 * `elevate stacks`: what backend and journal say of a project's stacks, and the journal of those of other projects. One that is broken is
 * told beside the others, with exit 4. Changes nothing. Throws CommandError.
 */
export async function stacks(folder: string, options: StacksOptions, terminal: Terminal): Promise<ExitCode> {
  const source = requireJournal(terminal, options.journal);
  const project = openProjectAt(resolve(terminal.cwd, folder), terminal);
  try {
    const store = storeOf(terminal, source);
    const journal = await openJournal(store, source, { isIdRequired: false });
    const survey = await surveyStacks(project, AT_ONCE);
    // After the states: what they hold is in it.
    const view = await journal.view();
    const report = stacksReport({ journal: store.address, project: project.name, at: Date.now() }, survey, view);
    await journal.close();
    if (options.json === true) terminal.printJson(report);
    else terminal.print(renderStacks(terminal, report));
    const isSound = report.problem === null && report.stacks.every(({ problems }) => problems.length === 0);
    return isSound ? EXIT.yes : EXIT.storeFailed;
  } catch (error) {
    throw journalFault(error);
  }
}
