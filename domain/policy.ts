// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { own } from "./directory";
import {
  anyDuration,
  clockTime,
  closingTime,
  count,
  instant,
  line,
  list,
  name,
  pattern,
  person,
  positiveDuration,
  zone,
} from "./forms";
import type { Request } from "./request";

const whoSchema = z
  .union(
    [
      z.literal("everyone"),
      z
        .strictObject({
          jobFunctions: list(name)
            .optional()
            .describe("people who have one of these job functions")
            .meta({ examples: [["dba"]] }),
          people: list(person).optional().describe("these people"),
          onCall: list(name)
            .optional()
            .describe("people who are on call in one of these schedules")
            .meta({ examples: [["orders"]] }),
        })
        .describe("whoever is in any of these lists")
        .meta({ minProperties: 1 }),
    ],
    { error: "not somebody; write `everyone`, or a mapping with `jobFunctions`, `people` or `onCall`" },
  )
  .describe("`everyone` in the directory, or whoever is in any of the lists");

const names = z
  .union([z.literal("*"), list(name)], { error: 'not a list; write names in brackets, as in [a, b], or "*" for all' })
  .describe('names in a list, or "*" for all');

const hoursSchema = z
  .strictObject({
    zone: zone.describe("the zone of the clock times"),
    days: list(z.enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])).describe("the days on which a window begins"),
    from: clockTime.describe("opening, HH:mm"),
    to: closingTime.describe("closing, HH:mm or 24:00; at or before `from`: on the next day"),
    mode: z.enum(["activate", "hold"]).optional().describe("hold: access ends at closing time; default: activate"),
  })
  .describe("clock times of some days of the week");

const duringSchema = z
  .strictObject({ from: instant.describe("from then on"), to: instant.describe("until just before then") })
  .describe("one stretch of time");

const reasonSchema = z
  .strictObject({
    minLength: count.optional().describe("so many characters at least, without White_Space at both ends"),
    matches: pattern.optional().describe("an RE2 regular expression that the reason must match somewhere"),
  })
  .describe("what a reason must be like");

const leaf = z
  .strictObject({
    from: whoSchema,
    count: count.describe("so many different people"),
    imported: z.boolean().optional().describe("true: verdicts imported from a forge count too"),
  })
  .describe("so many of some people");

/** Who must approve: so many of some people, all of several such demands, or any one of them. */
export type Approvals =
  | { from: z.infer<typeof whoSchema>; count: number; imported?: boolean | undefined }
  | { all: Approvals[] }
  | { any: Approvals[] };

const approvalsSchema: z.ZodType<Approvals> = z
  .union(
    [
      leaf,
      z
        .strictObject({ all: list(z.lazy(() => approvalsSchema)).describe("each of these") })
        .describe("several demands at once; the people are different ones"),
      z
        .strictObject({ any: list(z.lazy(() => approvalsSchema)).describe("one of these") })
        .describe("one demand of several"),
    ],
    { error: "not a demand for approvals; write `from` and `count`, or `all`, or `any`" },
  )
  .meta({ id: "Approvals", description: "who must approve: { from, count }, { all: [...] } or { any: [...] }" });

const ruleBase = {
  id: name.describe("name of the rule; no other rule has it").meta({ examples: ["dba-orders-production"] }),
  who: whoSchema,
  roles: names,
  environments: names,
  hours: hoursSchema.optional(),
};

const allowRule = z
  .strictObject({
    ...ruleBase,
    effect: z.literal("allow").describe("allow: the rule gives access to whom it names"),
    duration: z
      .strictObject({
        min: positiveDuration.optional().describe("the shortest that may be asked for; default: PT1M"),
        default: positiveDuration.optional().describe("for requests that name none; default: max"),
        max: positiveDuration.describe("the longest; an environment's maxDuration caps it"),
        clamp: z.boolean().optional().describe("true: a longer request gets max instead of a refusal"),
      })
      .describe("how long access may last"),
    reason: reasonSchema.optional(),
    ticket: z
      .strictObject({ matches: pattern.describe("an RE2 regular expression that the ticket must match somewhere") })
      .optional()
      .describe("a ticket is required"),
    cooldown: positiveDuration.optional().describe("how long after the person's last grant by this rule ended"),
    approvals: approvalsSchema.optional(),
    approvalsValidFor: positiveDuration.optional().describe("how long an approval counts"),
    extensions: z
      .strictObject({
        max: count.describe("so many extensions in a row"),
        upTo: positiveDuration.describe("the longest of each"),
      })
      .optional()
      .describe("a live grant may be prolonged"),
    onBehalf: whoSchema.optional().describe("who may ask for somebody else"),
  })
  .describe("a rule that gives access");

const denyRule = z
  .strictObject({
    ...ruleBase,
    effect: z.literal("deny").describe("deny: nobody whom it names gets access, whatever else allows it"),
    during: duringSchema.optional(),
    breakGlass: z.boolean().optional().describe("true: a break-glass request passes this rule"),
  })
  .describe("a rule that shuts out");

const roleSchema = z
  .strictObject({
    description: z.string().optional().describe("what the role is for"),
    severity: z.enum(["low", "medium", "high", "critical"]).optional().describe("how much harm it can do"),
    maxOutlive: anyDuration.optional().describe("how long access may outlive the grant at the target"),
    targets: z
      .record(
        name,
        z
          .strictObject({
            kind: name.describe("kind of the target").meta({ examples: ["postgres"] }),
            connection: name
              .describe("name of the connection: its address is in ELEVATION_CONNECTION_<NAME>")
              .meta({ examples: ["orders-production"] }),
            role: line.describe("the role at the target").meta({ examples: ["orders_admin"] }),
          })
          .describe("the system where access is created and removed"),
      )
      .describe("where the role exists, by environment"),
  })
  .describe("a privilege on offer");

const limitsSchema = z.strictObject({
  perPerson: z
    .strictObject({
      live: count.optional().describe("so many live grants at once"),
      heldPer: z
        .strictObject({
          window: positiveDuration.describe("length of the window that ends with the grant"),
          max: positiveDuration.describe("the most time held in it"),
        })
        .optional()
        .describe("so much time with access in a window"),
    })
    .optional()
    .describe("for each person"),
  perRole: z
    .record(
      name,
      z
        .strictObject({ live: count.describe("so many live grants at once in an environment") })
        .describe("limits of one role"),
    )
    .optional()
    .describe("for each role named"),
});

const breakGlassSchema = z.strictObject({
  who: whoSchema,
  roles: names,
  environments: names,
  maxDuration: positiveDuration.describe("the longest; an environment's maxDuration caps it"),
  reason: reasonSchema.optional(),
  review: z
    .strictObject({ from: whoSchema, within: positiveDuration.describe("how soon after activation") })
    .describe("who must review afterwards"),
  unreviewed: count.optional().describe("so many without a review block the person's next; default: 2"),
});

/** The schema of a policy file (design §4.1). */
export const policySchema = z
  .strictObject({
    apiVersion: z.literal("elevation/v1").describe("version of the format"),
    kind: z.literal("Policy").describe("kind of the document"),
    environments: z
      .record(
        name,
        z
          .strictObject({
            description: z.string().optional().describe("what runs there"),
            maxDuration: positiveDuration.optional().describe("no rule passes it"),
          })
          .describe("a place where roles apply"),
      )
      .describe("where roles apply"),
    roles: z.record(name, roleSchema).describe("the roles that the policy offers"),
    rules: list(z.discriminatedUnion("effect", [allowRule, denyRule])).describe("who may, and who may not"),
    limits: limitsSchema.optional().describe("how much at once, and in a stretch of time"),
    conflicts: z
      .array(z.array(name).min(2).describe("roles that one person never holds together"))
      .min(1)
      .optional()
      .describe("separation of duties: roles of one list are never both held by one person"),
    breakGlass: breakGlassSchema.optional().describe("emergencies"),
    requests: z
      .strictObject({
        proof: z
          .enum(["signature", "author", "none"])
          .optional()
          .describe("how the requester is proven; default: signature"),
      })
      .optional()
      .describe("what a request must bring"),
    activateWithin: positiveDuration
      .optional()
      .describe("how long after the later of requestedAt and startAt a request may be activated; default: PT24H"),
    startWithin: positiveDuration.optional().describe("how far after requestedAt a startAt may lie; default: P7D"),
  })
  .describe("The roles on offer, and the rules that decide who gets one where, when and for how long.");

/** The roles on offer, and the rules that decide who gets one where, when and for how long; as written. */
export type Policy = z.infer<typeof policySchema>;
export type Rule = Policy["rules"][number];
export type AllowRule = Extract<Rule, { effect: "allow" }>;
export type DenyRule = Extract<Rule, { effect: "deny" }>;
export type Who = Rule["who"];
export type Hours = NonNullable<Rule["hours"]>;
export type Reason = NonNullable<AllowRule["reason"]>;
export type BreakGlass = NonNullable<Policy["breakGlass"]>;

/** A place where a role exists. */
export interface Target {
  readonly kind: string;
  readonly connection: string;
  readonly role: string;
}

/** The target of the request's role in its environment; null where the policy has none. */
export function targetOf(policy: Policy, request: Request): Target | null {
  const role = own(policy.roles, request.spec.role);
  return (role && own(role.targets, request.spec.environment)) ?? null;
}
