// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import type { ViolationId } from "./decision";
import { instant, line, name, person } from "./forms";
import { specSchema } from "./request";
import { didYouMean, trimWhiteSpace } from "./text";

/** What a case calls its own request in `live` and `history`: its digest is nobody's to know. */
export const THIS_REQUEST = "this";

// Not those that are added outside of decide(): no case can see them.
const VIOLATIONS: Readonly<
  Record<Exclude<ViolationId, "policy-untrusted" | "journal-untrusted" | "locked" | "request-elsewhere">, true>
> = {
  "request-ended": true,
  "unknown-requester": true,
  "unknown-role": true,
  "unknown-environment": true,
  "request-not-yet": true,
  "start-too-late": true,
  "request-lapsed": true,
  "request-unproven": true,
  denied: true,
  "break-glass-not-allowed": true,
  "break-glass-review-overdue": true,
  "environment-not-allowed": true,
  "not-eligible": true,
  "duration-too-short": true,
  "duration-too-long": true,
  "outside-hours": true,
  "reason-insufficient": true,
  "ticket-required": true,
  "ticket-invalid": true,
  "approvals-missing": true,
  "cooling-down": true,
  rejected: true,
  "limit-exceeded": true,
  "conflicting-roles": true,
  "extension-not-allowed": true,
  "no-identity": true,
  "outlives-too-long": true,
};

const VIOLATION_IDS = Object.keys(VIOLATIONS);

const violationId = z
  .string()
  .superRefine((text, context) => {
    if (VIOLATION_IDS.includes(text)) return;
    const message = `not the id of a violation; ${didYouMean(text, VIOLATION_IDS)}`;
    context.addIssue({ code: "custom", message, input: text });
  })
  .meta({ enum: VIOLATION_IDS });

const ruleName = z
  .string()
  .regex(/^([a-z0-9-]{1,63}|breakGlass)$/, "not a rule; write the `id` of one, or breakGlass")
  .meta({ examples: ["dba-orders-production", "breakGlass"] });

const approvalSchema = z
  .strictObject({
    approver: person.describe("whose verdict it is"),
    verdict: z.enum(["approve", "reject"]).describe("what it says"),
    at: instant.describe("when it was given"),
  })
  .describe("one person's verdict on the request, taken as verified");

const liveSchema = z
  .strictObject({
    requester: person.describe("who holds it"),
    role: name.describe("the role that is held").meta({ examples: ["orders-admin"] }),
    environment: name.describe("where it is held").meta({ examples: ["production"] }),
    activatedAt: instant.describe("when it began"),
    expiresAt: instant.describe("when it ends by itself"),
    rule: ruleName.exactOptional().describe("the rule that allowed it, or breakGlass"),
    request: z
      .string()
      .regex(/^(this|sha256:[0-9a-f]{64})$/, "not a request; write its digest, or `this` for the request of the case")
      .exactOptional()
      .describe("digest of its request; `this`: the request of the case")
      .meta({ examples: [THIS_REQUEST] }),
    extensions: z
      .int()
      .min(0)
      .exactOptional()
      .describe("how many extensions its chain has, itself included; default: 0"),
    breakGlass: z.boolean().exactOptional().describe("true: it was given by the policy's breakGlass"),
    reviewedAt: instant.exactOptional().describe("when a break-glass grant was reviewed; absent: not yet"),
  })
  .describe("a live grant");

const expectSchema = z
  .strictObject({
    outcome: z.enum(["allow", "deny"]).describe("what the policy must answer"),
    violations: z.array(violationId).exactOptional().describe("ids of all violations, each once, in any order"),
    rule: ruleName
      .nullable()
      .exactOptional()
      .describe("the allow rule that allows or speaks, or breakGlass; null: none does"),
    activatesAt: instant.nullable().exactOptional().describe("when access begins; null: never"),
    expiresAt: instant.nullable().exactOptional().describe("when access ends; null: it never begins"),
  })
  .describe("what must come out; what is not given is not looked at");

const caseSchema = z
  .strictObject({
    name: z
      .string()
      .refine((text) => trimWhiteSpace(text) !== "", "not a name; say what the case shows")
      .describe("what the case shows, as a sentence; no other case of the file has it"),
    at: instant.describe("the instant at which the request is judged"),
    request: specSchema
      .extend({ requestedAt: instant.exactOptional().describe("when it was asked for; default: one hour before `at`") })
      .describe("what is asked for: the spec of a request, taken as proven to come from its requester"),
    approvals: z.array(approvalSchema).exactOptional().describe("verdicts on the request; default: none"),
    live: z.array(liveSchema).exactOptional().describe("the grants that are live at that instant; default: none"),
    history: z
      .array(liveSchema.extend({ endedAt: instant.describe("when it ended") }).describe("a grant that ended"))
      .exactOptional()
      .describe("the grants that ended before; default: none"),
    expect: expectSchema,
  })
  .describe("one request, and what the policy must answer");

/** The schema of a policy test (design §4.5). */
export const policyTestSchema = z
  .strictObject({
    apiVersion: z.literal("elevation/v1").describe("version of the format"),
    kind: z.literal("PolicyTest").describe("kind of the document"),
    policy: line.describe("path of the policy, from the folder of this file").meta({ examples: ["../elevation.yaml"] }),
    directory: line
      .describe("path of the directory, from the folder of this file")
      .meta({ examples: ["../directory.yaml"] }),
    cases: z.array(caseSchema).describe("requests, and what the policy must answer").meta({ minItems: 1 }),
  })
  .describe("What a policy must answer to requests: run by `elevate test`.");

/** Requests, and what a policy must answer to them; as written. */
export type PolicyTest = z.infer<typeof policyTestSchema>;
export type PolicyTestCase = PolicyTest["cases"][number];
export type Expectation = PolicyTestCase["expect"];
