// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import { type Decision, type Instant, isInert, type Judge, type LiveGrant, parseInstant } from "@elevation/domain";
import { isJournalError, type Journal, type JournalView, judge } from "@elevation/journal";
import * as pulumi from "@pulumi/pulumi";
import { decidedOnce, violationLines } from "../decided";
import { GrantError, isGrantError } from "../errors";
import { Grant } from "../resource/grant";
import {
  anchorProblems,
  findProjectRoot,
  loadJudge,
  openJournal,
  type StackConfig,
  servedEnvironments,
} from "../settings";
import { type RequestFile, readRequestFiles } from "./request-files";

/**
 * Declares a Grant for each request file of the folder that is for an environment of this stack, and leaves out those
 * whose grant ended or that lapsed: they are inert in code.
 *
 * With `ELEVATION_DEPLOY=1` (set by the deploy script only) new requests are judged here, in order of `requestedAt`, then
 * digest: the live and the allowed ones are declared, the denied ones reported and journaled, so that one person's
 * denied request stops nobody. Without it all that haven't ended are declared, and the policy pack shows violations.
 * With an untrusted journal all are declared: ignorance never becomes a deletion.
 */
export async function declareGrants(folder = "requests"): Promise<void> {
  const config: StackConfig = (key) => pulumi.runtime.allConfig()[key];
  const problems = anchorProblems(config, process.env);
  if (problems.length > 0) throw new GrantError("input-invalid", problems.join("\n"));
  const environments = servedEnvironments(config);
  if (environments.length === 0) {
    throw new GrantError(
      "input-invalid",
      "stack config `elevation:environments` is not set; list the environments that this stack may use",
    );
  }
  const files = readRequestFiles(resolve(folder)).filter(({ document }) =>
    environments.includes(document.value.spec.environment),
  );
  const journal = await openJournal(process.env, (report) => void pulumi.log.warn(report)).catch(untrusted);
  for (const { document, origin } of await choose(files, journal, config)) {
    new Grant({ metadata: document.value.metadata, spec: document.value.spec, origin });
  }
}

function untrusted(error: unknown): null {
  if (!isGrantError(error)) throw error;
  void pulumi.log.warn(`${error.message}. All requests are declared, none can be granted`);
  return null;
}

async function choose(
  files: readonly RequestFile[],
  journal: Journal | null,
  config: StackConfig,
): Promise<readonly RequestFile[]> {
  if (journal === null) return files;
  const documents = loadJudge(findProjectRoot(process.cwd()), config);
  const view = await journal.view();
  const deploying = process.env["ELEVATION_DEPLOY"] === "1";
  const chosen: RequestFile[] = [];
  const allowed: LiveGrant[] = [];
  for (const file of [...files].sort(byRequestedAt)) {
    const decision = judgeFile(documents, file, withAllowed(view, allowed), Date.now());
    if (isInert(decision)) sayInert(file, decision);
    else if (decision.outcome === "allow" || !deploying) chosen.push(file);
    else await report(journal, file, decision);
    if (deploying && decision.outcome === "allow") allowed.push(asLive(file, decision));
  }
  return chosen;
}

function judgeFile(documents: Judge, { document }: RequestFile, view: JournalView, now: Instant): Decision {
  const stack = { organization: pulumi.getOrganization(), project: pulumi.getProject(), stack: pulumi.getStack() };
  return judge(documents, document.value, { stack, now, view });
}

/** Those allowed a moment ago count as live for those behind them. */
function withAllowed(view: JournalView, allowed: readonly LiveGrant[]): JournalView {
  return allowed.length === 0 ? view : Object.create(view, { live: { value: [...view.live, ...allowed] } });
}

function asLive({ document }: RequestFile, decision: Decision): LiveGrant {
  const { requester, role, environment } = document.value.spec;
  const activatedAt = parseInstant(decision.activatesAt ?? "") ?? 0;
  const expiresAt = parseInstant(decision.expiresAt ?? "") ?? 0;
  const rule = decision.rule === null ? {} : { rule: decision.rule };
  return { requester, role, environment, activatedAt, expiresAt, request: document.digest, ...rule };
}

function sayInert({ origin }: RequestFile, decision: Decision): void {
  void pulumi.log.info(`${origin} is not declared: ${decision.violations.map(({ message }) => message).join("; ")}`);
}

async function report(journal: Journal, { origin, document }: RequestFile, decision: Decision): Promise<void> {
  void pulumi.log.warn(violationLines(`${origin} is denied and not declared:`, decision));
  if (pulumi.runtime.isDryRun()) return;
  const by = { request: document.value, actor: { kind: "job", key: "unverified" }, now: Date.now() } as const;
  await journal
    .step((view) => ({ events: decidedOnce(view, decision, by), result: null }))
    .catch((error: unknown) => {
      if (!isJournalError(error)) throw error;
      void pulumi.log.warn(`the denial of ${origin} could not be journaled: ${error.message}`);
    });
}

function byRequestedAt(one: RequestFile, other: RequestFile): number {
  const at = ({ document }: RequestFile) => parseInstant(document.value.spec.requestedAt) ?? 0;
  return at(one) - at(other) || (one.document.digest < other.document.digest ? -1 : 1);
}
