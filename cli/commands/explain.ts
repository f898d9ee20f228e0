// SPDX-License-Identifier: Apache-2.0
import { didYouMean, type Judge, quote } from "@elevation/domain";
import { readDocuments } from "../documents";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { explainPerson } from "../explain-person";
import { renderPerson } from "../explain-person-table";
import { explainRole } from "../explain-role";
import { renderRole } from "../explain-role-table";
import { readAt } from "../instant-option";
import { readJournal } from "../journal-reading";
import type { Terminal } from "../terminal";

export interface ExplainOptions {
  readonly at?: string;
  readonly role?: string;
  readonly environment?: string;
  readonly policy?: string;
  readonly directory?: string;
  readonly journal?: string;
  readonly json?: boolean;
}

const NO_JOURNAL =
  "no journal is configured: live grants, cooldowns, limits and reviews are not known, and nothing is said of them";

/**
 * `elevate explain`: what a person could get and what it takes; with a role alone, who could get that. It answers what was asked,
 * so a person who gets nothing is exit 0. Changes nothing. Throws BadDocuments, CommandError.
 */
export async function explain(
  person: string | undefined,
  options: ExplainOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const { environment, json, role } = options;
  if (person === undefined && role === undefined) {
    throw new CommandError(EXIT.badInput, "neither a person nor `--role` is given; name whom or what to explain");
  }
  const at = readAt(options.at);
  const { judge } = readDocuments(terminal.cwd, { ...options, requests: [] }, "study");
  refuseUnknown(judge, { person, role, environment });
  const past = await readJournal(terminal, options.journal);
  if (past === null) terminal.say(NO_JOURNAL);
  const question = {
    policy: judge.policy.value,
    directory: judge.directory.value,
    at,
    past: past?.view ?? null,
    role: role ?? null,
    environment: environment ?? null,
  };
  if (person === undefined) {
    const report = explainRole({ ...question, role: role ?? "" });
    if (json === true) terminal.printJson(report);
    else terminal.print(renderRole(terminal, report));
    return EXIT.yes;
  }
  const report = explainPerson({ ...question, person });
  if (json === true) terminal.printJson(report);
  else terminal.print(renderPerson(terminal, report));
  return EXIT.yes;
}

interface Names {
  readonly person: string | undefined;
  readonly role: string | undefined;
  readonly environment: string | undefined;
}

/** A slip of the pen would look like "gets nothing". */
function refuseUnknown({ policy, directory }: Judge, { environment, person, role }: Names): void {
  const known = [
    ["person", person, Object.keys(directory.value.people), "in the directory"],
    ["role", role, Object.keys(policy.value.roles), "in the policy"],
    ["environment", environment, Object.keys(policy.value.environments), "in the policy"],
  ] as const;
  for (const [what, name, names, where] of known) {
    if (name === undefined || names.includes(name)) continue;
    throw new CommandError(EXIT.badInput, `${what} ${quote(name)} is not ${where}; ${didYouMean(name, names)}`);
  }
}
