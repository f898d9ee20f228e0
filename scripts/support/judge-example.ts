// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  digestOf,
  type EventData,
  formatInstant,
  GRANT_TYPE,
  type Instant,
  type NewEvent,
  parseInstant,
  type Request,
  readRequest,
  type ViolationId,
} from "@elevation/domain";
import { initJournal, openStore } from "@elevation/journal";
import { createCoverage } from "@elevation/policypack/coverage";
import { type Pack, policyOf, type Rule } from "@elevation/policypack/define-rule";
import type { Earlier, Example } from "@elevation/policypack/example";
import { rules } from "@elevation/policypack/rules";
import { createVerdicts } from "@elevation/policypack/verdict";
import { SHELL_TEXT } from "@elevation/provider";
import type { ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import { repository } from "./workspace";

/** What a rule says of one of its examples. */
export interface Judged {
  readonly example: Example;
  /** Ids of the decision that the rule shows here. */
  readonly ids: readonly ViolationId[];
  readonly messages: readonly string[];
}

/** Where the documents lie by which examples are judged. */
const FOLDER = join(repository, "policypack", "examples");
const AT = instant("2026-11-24T10:00:00Z");
const OPENED = instant("2026-01-01T00:00:00Z");
const ACTOR = { kind: "job", key: "unverified" } as const;

/**
 * Judges an example as the engine has the pack judge it: every rule, its own verdicts, a journal of its own. Throws if
 * the rule has nothing to say.
 */
export async function judgeExample(rule: Rule, example: Example): Promise<Judged> {
  const folder = mkdtempSync(join(tmpdir(), "elevation-example-"));
  try {
    const request = requestOf(example);
    const env = example.journal === "absent" ? {} : await makeJournal(folder, request, example);
    const at = example.at === undefined ? AT : instant(example.at);
    const sources = { folder: FOLDER, env, clock: () => at };
    const args = argsOf(request, example);
    const stack = [args, ...besides(example).map((other) => argsOf(other, example))];
    const messages = await analyze(rule, example, stack, {
      verdicts: createVerdicts(sources),
      coverage: createCoverage(),
    });
    if (messages.length === 0) throw new Error(`rule \`${rule.id}\` says nothing of its example ${example.what}`);
    const { decision } = await createVerdicts(sources).of("docs", args.urn, args.props);
    const ids = (decision?.violations ?? []).map(({ id }) => id).filter((id) => rule.reports.includes(id));
    return { example, ids, messages };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What one rule reports in one analysis of a stack that holds the example's Grants and nothing else. */
async function analyze(
  rule: Rule,
  example: Example,
  stack: readonly ResourceValidationArgs[],
  pack: Pack,
): Promise<string[]> {
  const said: string[] = [];
  const report = (name: string) => (message: string) => void (name === rule.id && said.push(message));
  const policies = rules.map((each) => policyOf(each, pack));
  const called = policies.filter(({ name }) => example.unseenBy !== "every rule" && !example.unseenBy?.includes(name));
  const shown = stack.map((args) => ({ ...args, props: withoutCode(args.props) }));
  for (const [index, args] of stack.entries()) {
    for (const policy of called) if ("validateResource" in policy) await policy.remediateResource?.(args);
    for (const policy of called) {
      if (!("validateResource" in policy) || typeof policy.validateResource !== "function") continue;
      await policy.validateResource(shown[index] ?? args, report(policy.name));
    }
  }
  const whole = { resources: shown, getConfig } as unknown as StackValidationArgs;
  for (const policy of policies) if ("validateStack" in policy) await policy.validateStack(whole, report(policy.name));
  return said;
}

/** Nothing is set: the defaults hold. */
function getConfig<T extends object>(): T {
  return {} as T;
}

function withoutCode({ __provider: _hidden, ...props }: Record<string, unknown>): Record<string, unknown> {
  return props;
}

function requestOf({ spec = {} }: Pick<Example, "spec">, name?: string): Request {
  const file = join(FOLDER, "request.yaml");
  const good = readRequest({ file, text: readFileSync(file, "utf8") }).value;
  const fields = Object.entries({ ...good.spec, ...spec }).filter(([, value]) => value !== null);
  const metadata = name === undefined ? good.metadata : { ...good.metadata, name };
  return { ...good, metadata, spec: Object.fromEntries(fields) as Request["spec"] };
}

function besides({ beside = {} }: Example): readonly Request[] {
  return Object.entries(beside).map(([name, spec]) => requestOf({ spec }, name));
}

function argsOf(request: Request, example: Example): ResourceValidationArgs {
  const name = `${request.metadata.name}-${digestOf(request).slice("sha256:".length, "sha256:".length + 12)}`;
  const stack = { organization: "organization", project: "elevation", stack: "production" };
  const opts = {
    protect: false,
    ignoreChanges: [],
    aliases: [],
    customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
    additionalSecretOutputs: [],
    ...example.opts,
  };
  const props = { __provider: example.code ?? SHELL_TEXT, request, origin: "alice.yaml", ...stack };
  const resource = { name, urn: `urn:${name}`, type: example.type ?? GRANT_TYPE, opts, props, getConfig };
  return resource as unknown as ResourceValidationArgs;
}

/** A journal that knows what the example says, and the variables that name it. */
async function makeJournal(
  folder: string,
  request: Request,
  { journal, earlier = [] }: Example,
): Promise<Record<string, string>> {
  const address = `file:${join(folder, "journal.jsonl")}`;
  const { hash } = await initJournal(openStore(address), ACTOR, OPENED);
  const events = [...earlier.flatMap(eventsOf), ...(journal === undefined ? [] : ownEvents(request, journal))];
  if (events.length > 0) await openStore(address).append(events);
  return { ELEVATION_JOURNAL: address, ELEVATION_JOURNAL_ID: hash };
}

function eventsOf({ name = "earlier", spec, rule = "dba-production", from, until, endedAt }: Earlier): NewEvent[] {
  return grantEvents(requestOf({ spec }, name), { stack: "production", rule, from, until, endedAt });
}

function ownEvents(request: Request, journal: Example["journal"]): NewEvent[] {
  const stack = journal === "live-elsewhere" ? "staging" : "production";
  const [from, until] = ["2026-11-24T09:35:00Z", "2026-11-24T10:05:00Z"];
  const endedAt = journal === "ended" ? "2026-11-24T09:50:00Z" : undefined;
  return grantEvents(request, { stack, rule: "dba-production", from, until, endedAt });
}

interface Life {
  readonly stack: string;
  readonly rule: string;
  readonly from: string;
  readonly until: string;
  readonly endedAt: string | undefined;
}

function grantEvents(request: Request, { stack, rule, from, until, endedAt }: Life): NewEvent[] {
  const at = formatInstant(instant(from));
  const { requester, role, environment } = request.spec;
  const intent: EventData["activating"] = {
    ...{ organization: "organization", project: "elevation", stack, origin: "alice.yaml" },
    ...{ request, requester, role, environment, rule },
    activatedAt: at,
    expiresAt: formatInstant(instant(until)),
    policyDigest: digestOf(request),
    directoryDigest: digestOf(request),
    place: {
      kind: "postgres",
      connection: "orders-production",
      role: "orders_admin",
      server: "7301",
      identity: "alice",
      object: "elev_1",
    },
  };
  const common = { request: digestOf(request), actor: ACTOR };
  const begun: NewEvent[] = [
    { ...common, at, type: "activating", data: intent },
    { ...common, at, type: "activated", data: { adopted: false } },
  ];
  if (endedAt === undefined) return begun;
  const end = formatInstant(instant(endedAt));
  return [
    ...begun,
    { ...common, at: end, type: "revoked", data: { cause: "withdrawn", endedAt: end, sessionsEnded: 0 } },
  ];
}

function instant(text: string): Instant {
  const parsed = parseInstant(text);
  if (parsed === null) throw new Error(`no instant: ${text}`);
  return parsed;
}
