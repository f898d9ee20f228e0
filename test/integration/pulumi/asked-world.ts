// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Decision, decide, type EventData, type Request, requestDigestOf } from "@elevation/domain";
import { initJournal, Journal, openStore } from "@elevation/journal";
import { createWorkspace, type Finished, must } from "@elevation/scripts/support/workspace";
import { DAY } from "../../differential/calendar";
import { movedTo } from "../../differential/moved-world";
import type { World } from "../../differential/world";
import { JOB } from "../../support/journal-events";
import { journaledPast, pastOf } from "../../support/journaled-past";
import { RECORD_TO } from "../../support/record-decisions";

const STACK = "production";
/** A Grant for each request: the loader would leave out what has lapsed, and nobody would be asked about it. */
const PROGRAM = `
import { readdirSync, readFileSync } from "node:fs";
import { Grant } from "@elevation/provider";

for (const file of readdirSync("requests")) {
  const { metadata, spec } = JSON.parse(readFileSync(\`requests/\${file}\`, "utf8"));
  new Grant({ metadata, spec });
}
`;
/** With `nowhere` the form of every request is good, and the policy has to say that it doesn't have it. */
const CONFIG = "config:\n  elevation:environments: [production, staging, nowhere]\n";
const RECORDER = join(__dirname, "..", "..", "support", "record-decisions.js");

/** What the engine says while it works, as far as it is looked at. */
export interface EngineEvent {
  readonly policyEvent?: { readonly resourceUrn: string; readonly policyName: string; readonly message: string };
  readonly diagnosticEvent?: { readonly urn?: string; readonly severity: string; readonly message: string };
  readonly resOutputsEvent?: {
    readonly metadata: { readonly new: { readonly urn: string; readonly outputs: Outs } };
  };
}

/** What the state has of a Grant, as far as it is looked at. */
export type Outs = Readonly<Record<"status" | "rule" | "activatedAt" | "expiresAt", string | null>>;

/** A run of the engine. */
export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly events: readonly EngineEvent[];
  /** Every decision on a request alone that a plugin made, in order. */
  readonly decisions: readonly Decision[];
}

/** A project with a generated policy, directory and past, and files of generated requests. */
export interface AskedWorld {
  readonly policy: World["policy"];
  readonly requests: readonly Request[];
  pulumi(...args: string[]): Promise<Ran>;
  elevate(...args: string[]): Promise<Finished>;
  /** What decide() says of a decision's request at the instant of that decision, by the journal as it was then. */
  decideAgain(decision: Decision): Promise<Decision>;
  /** All that the journal has. */
  journaledDecisions(): Promise<readonly Decision[]>;
  dispose(): void;
}

/**
 * Makes the world of the first case as it would be if the case were now, and has everybody ask there for what they ask for
 * in the cases. `first` numbers the requests: no two of a test are the same.
 */
export async function askedWorld(
  cases: readonly World[],
  first: number,
  env: Readonly<Record<string, string>>,
): Promise<AskedWorld> {
  const now = Date.now();
  const [world = assert.fail(), ...others] = cases.map((each) => movedTo(each, now));
  const past = journaledPast(world);
  const requests = [world, ...others].map(({ request }, index): Request => {
    const { extends: prolonged, ...spec } = request.spec;
    const meant = prolonged === undefined ? {} : { extends: past.digests.get(prolonged) ?? prolonged };
    return { ...request, metadata: { name: `case-${first + index}` }, spec: { ...spec, ...meant } };
  });
  const workspace = createWorkspace({
    policy: JSON.stringify(world.policy),
    directory: JSON.stringify(world.directory),
    env: { ...env, PULUMI_NODEJS_TRANSPILE_ONLY: "true", PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
  });
  const store = openStore(workspace.env["ELEVATION_JOURNAL"] ?? "");
  const begun = [...past.events.map(({ at }) => at), ...requests.map(({ spec }) => spec.requestedAt)];
  const { hash } = await initJournal(store, JOB, Math.min(now, ...begun.map((at) => Date.parse(at))) - DAY);
  workspace.env["ELEVATION_JOURNAL_ID"] = hash;
  await (await Journal.open(store, hash)).append(past.events);
  await must(workspace.pulumi(["stack", "init", STACK]));
  workspace.write(`stacks/Pulumi.${STACK}.yaml`, CONFIG);
  workspace.write("stacks/index.ts", PROGRAM);
  for (const request of requests) {
    workspace.write(`stacks/requests/${request.metadata.name}.json`, JSON.stringify(request));
  }
  const record = join(workspace.root, "decisions.jsonl");
  const recording = { NODE_OPTIONS: `--require ${JSON.stringify(RECORDER)}`, [RECORD_TO]: record };
  const byDigest = new Map(requests.map((request) => [requestDigestOf(request), request]));
  return {
    policy: world.policy,
    requests,
    pulumi: async (...args) => {
      writeFileSync(record, "");
      const { code, stdout, output } = await workspace.pulumi([...args, "--json"], { env: recording });
      const decisions = linesOf<Decision>(readFileSync(record, "utf8"));
      return { code, output, events: linesOf<EngineEvent>(stdout), decisions };
    },
    elevate: (...args) => workspace.elevate(args),
    decideAgain: async ({ requestDigest, decidedAt }) => {
      const request = byDigest.get(requestDigest) ?? assert.fail(`nobody asked for ${requestDigest}`);
      const context = { now: Date.parse(decidedAt), proof: null, approvals: null };
      const told = pastOf(await store.read(), decidedAt, requestDigest);
      return plainly(decide(world.policy, world.directory, request, { ...context, ...told }));
    },
    journaledDecisions: async () => {
      const decided = (await store.read()).filter(({ type }) => type === "decided");
      return decided.map(({ data }) => (data as EventData["decided"]).decision);
    },
    dispose: () => workspace.dispose(),
  };
}

/** Whether a Grant is that of a request: its Pulumi name is the request's and twelve digits of the digest. */
export function isOf(urn: string, name: string): boolean {
  return urn.endsWith(`::${name}-${urn.slice(-12)}`);
}

/** As JSON has it. */
function plainly(decision: Decision): Decision {
  return JSON.parse(JSON.stringify(decision)) as Decision;
}

function linesOf<T>(text: string): readonly T[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
