// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import { didYouMean, type Judge, quote, quoteList, unservedTarget } from "@elevation/domain";
import { isJournalError, type Journal } from "@elevation/journal";
import * as pulumi from "@pulumi/pulumi";
import { decidedOnce, violationLines } from "../decided";
import { GrantError, isGrantError } from "../errors";
import { Grant } from "../resource/grant";
import { findProjectRoot, loadJudge, openJournal, servedEnvironments, settingProblems } from "../settings";
import { type Choice, chooseRequests, type Judged } from "./choose-requests";
import { readRequestFiles } from "./request-files";

/**
 * Declares a Grant for each request file of the folder that is for an environment of this stack, and leaves out those
 * whose grant ended or that lapsed: they are inert in code. {@link chooseRequests} says which.
 *
 * With `ELEVATION_DEPLOY=1` (set by the deploy script only) new requests are judged here, in order of `requestedAt`, then
 * digest: the live and the allowed ones are declared, the denied ones reported and journaled, so that one person's
 * denied request stops nobody. Without it all that haven't ended are declared, and the policy pack shows violations.
 * With an untrusted journal, one that lacks `ELEVATION_WITNESS` among them, all are declared: ignorance never becomes a
 * deletion.
 *
 * A file for an environment that the policy knows and this stack doesn't serve is another stack's. One for an environment
 * that the policy doesn't know is no stack's: it is judged here like any other (`unknown-environment`), so that a slip of
 * the pen fails the preview and is reported by a deploy, and never looks like a file for another stack.
 *
 * Throws GrantError `input-invalid` for stack config, environment and request files that are not right, `policy-invalid`
 * for policy and directory: a program that fails deletes nothing.
 */
export async function declareGrants(folder = "requests"): Promise<void> {
  const all = pulumi.runtime.allConfig();
  const problems = settingProblems(all, process.env);
  if (problems.length > 0) throw new GrantError("input-invalid", problems.join("\n"));
  const config = (key: string): string | undefined => all[key];
  const documents = loadJudge(findProjectRoot(process.cwd()), config);
  const served = servedEnvironments(config);
  requireKnown(served, documents);
  const files = readRequestFiles(resolve(folder));
  const journal = await openJournal(process.env, (report) => void pulumi.log.warn(report)).catch(untrusted);
  const choice = chooseRequests(files, {
    documents,
    view: (await journal?.view()) ?? null,
    stack: { organization: pulumi.getOrganization(), project: pulumi.getProject(), stack: pulumi.getStack() },
    served,
    now: Date.now(),
    deploying: process.env["ELEVATION_DEPLOY"] === "1",
  });
  withoutStacks(() => {
    for (const { file } of choice.declare) {
      const { metadata, spec } = file.document.value;
      new Grant({ metadata, spec, origin: file.origin });
    }
  });
  await reportOthers(choice, documents, journal);
}

/**
 * Pulumi keeps the stack of each property's making, to tell where a promise leaked, and maps each line of it to its source: of a thousand
 * grants that is a fifth of the program's time, and they all come from one line. NB. whoever looks for leaks gets them.
 */
function withoutStacks(declare: () => void): void {
  const { stackTraceLimit } = Error;
  if (!process.env["PULUMI_DEBUG_PROMISE_LEAKS"]) Error.stackTraceLimit = 0;
  try {
    declare();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** A stack that serves what isn't there would withdraw everything that it served under the right name. */
function requireKnown(served: readonly string[], { policy }: Judge): void {
  if (served.length === 0) {
    throw new GrantError(
      "input-invalid",
      "stack config `elevation:environments` is not set; list the environments that this stack may use",
    );
  }
  const known = Object.keys(policy.value.environments);
  const unknown = served.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const problems = unknown.map(
    (name) =>
      `stack config \`elevation:environments\` lists ${quote(name)}, which the policy does not have; ${didYouMean(name, known)}`,
  );
  throw new GrantError("input-invalid", problems.join("\n"));
}

function untrusted(error: unknown): null {
  if (!isGrantError(error) || error.code !== "journal-untrusted") throw error;
  void pulumi.log.warn(`${error.message}. All requests are declared, none can be granted`);
  return null;
}

async function reportOthers(choice: Choice, documents: Judge, journal: Journal | null): Promise<void> {
  sayElsewhere(choice.elsewhere);
  for (const judged of choice.inert) sayInert(judged);
  for (const { file } of choice.unserved) {
    const reason = unservedTarget(documents.policy.value, file.document.value);
    void pulumi.log.warn(`${file.origin} is not declared: ${reason}`);
  }
  for (const judged of choice.denied) await reportDenied(journal, judged);
}

/** One line: most are right, and an environment that no stack serves would show nowhere else. */
function sayElsewhere(files: Choice["elsewhere"]): void {
  if (files.length === 0) return;
  const environments = [...new Set(files.map(({ document }) => document.value.spec.environment))].sort();
  const count = files.length === 1 ? "1 request file is" : `${files.length} request files are`;
  void pulumi.log.info(`${count} for ${quoteList(environments, "and")}, which this stack does not serve`);
}

function sayInert({ file, decision }: Judged): void {
  void pulumi.log.info(
    `${file.origin} is not declared: ${decision.violations.map(({ message }) => message).join("; ")}`,
  );
}

async function reportDenied(journal: Journal | null, { file, decision }: Judged): Promise<void> {
  void pulumi.log.warn(violationLines(`${file.origin} is denied and not declared:`, decision));
  if (journal === null || pulumi.runtime.isDryRun()) return;
  const by = { request: file.document.value, actor: { kind: "job", key: "unverified" }, now: Date.now() } as const;
  await journal
    .step((view) => ({ events: decidedOnce(view, decision, by), result: null }))
    .catch((error: unknown) => {
      if (!isJournalError(error)) throw error;
      void pulumi.log.warn(`the denial of ${file.origin} could not be journaled: ${error.message}`);
    });
}
