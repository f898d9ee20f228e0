// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Directory, EndedGrant, LiveGrant, Policy, Request } from "@elevation/domain";
import { isGood } from "../property/shrink";
import { answerOf } from "./answer";
import { type Answer, oracle } from "./oracle";
import { contextOf, type Given, type World, type Written } from "./world";

// Design §5, sentence by sentence, where it is easily read wrongly: each case by hand, with its answer. Both decide() and the oracle
// must give it. All is about a Tuesday; `at("10:00")` is an instant of it in UTC.

const at = (clock: string, by = 0) => Date.parse(`2026-11-24T${clock}Z`) + by;
const text = (clock: string) => `2026-11-24T${clock}:00Z`;
const MINUTE = 60_000;
const [ANN, BEN, CAT, DAN] = ["ann@example.com", "ben@example.com", "cat@example.com", "dan@example.com"] as const;
const OTHER = `sha256:${"a".repeat(64)}`;

type Rule = Policy["rules"][number];
type AllowRule = Extract<Rule, { effect: "allow" }>;
type DenyRule = Extract<Rule, { effect: "deny" }>;

const allow = (id: string, rule: Partial<AllowRule> = {}): Rule => ({
  id,
  effect: "allow",
  who: "everyone",
  roles: "*",
  environments: "*",
  duration: { max: "PT1H" },
  ...rule,
});
const deny = (id: string, rule: Partial<DenyRule> = {}): Rule => ({
  id,
  effect: "deny",
  who: "everyone",
  roles: "*",
  environments: "*",
  ...rule,
});
const during = (from: string, to: string) => ({ during: { from: text(from), to: text(to) } });
const utc = (from: string, to: string, mode: "activate" | "hold") => ({
  hours: { zone: "UTC", days: ["mon" as const, "tue" as const], from, to, mode },
});
const BREAK_GLASS: NonNullable<Policy["breakGlass"]> = {
  who: "everyone",
  roles: "*",
  environments: "*",
  maxDuration: "PT2H",
  review: { from: "everyone", within: "PT4H" },
};
const says = (approver: string, clock: string, more: Partial<Given> = {}): Given => ({
  approver,
  verdict: "approve",
  at: at(clock),
  ...more,
});
const held = (more: Partial<Written<LiveGrant>> = {}): Written<LiveGrant> => ({
  requester: ANN,
  role: "reader",
  environment: "production",
  activatedAt: at("09:30"),
  expiresAt: at("10:30"),
  ...more,
});
const past = (from: string, to: string, more: Partial<Written<EndedGrant>> = {}): Written<EndedGrant> => ({
  ...held({ activatedAt: at(from), expiresAt: at(to) }),
  endedAt: at(to),
  ...more,
});
const leaf = (people: string[], count = 1, imported?: boolean) => ({
  from: { people },
  count,
  ...(imported === undefined ? {} : { imported }),
});

/** What a case has that the usual one has not: ann asks for reader in production at 09:00, unproven and unasked for a proof, at 10:00. */
interface Case extends Partial<Omit<World, "policy" | "directory" | "request">> {
  readonly rules?: Rule[];
  readonly policy?: Partial<Policy>;
  readonly people?: Directory["people"];
  readonly onCall?: Directory["onCall"];
  readonly spec?: Partial<Request["spec"]>;
}

function worldOf({ rules, policy, people, onCall, spec, ...context }: Case): World {
  const identities = (name: string) => ({ identities: { postgres: name } });
  const target = (role: string) => ({ kind: "postgres", connection: "main", role });
  const role = (name: string) => ({ targets: { production: target(name), staging: target(name) } });
  const world = {
    policy: {
      apiVersion: "elevation/v1" as const,
      kind: "Policy" as const,
      environments: { production: {}, staging: {} },
      roles: { reader: role("reader"), writer: role("writer"), admin: { targets: { staging: target("admin") } } },
      rules: rules ?? [allow("one")],
      requests: { proof: "none" as const },
      ...policy,
    },
    directory: {
      apiVersion: "elevation/v1" as const,
      kind: "Directory" as const,
      people: {
        [ANN]: identities("ann"),
        [BEN]: identities("ben"),
        [CAT]: identities("cat"),
        [DAN]: {},
        ...people,
      },
      jobFunctions: { dba: {}, sre: { includes: ["dba"] }, lead: { includes: ["sre"] } },
      onCall: onCall ?? { primary: [{ person: ANN, from: text("10:00"), to: text("11:00") }] },
    },
    request: {
      apiVersion: "elevation/v1" as const,
      kind: "Request" as const,
      metadata: { name: "a-request" },
      spec: {
        requester: ANN,
        role: "reader",
        environment: "production",
        requestedAt: text("09:00"),
        reason: "Rebuild the index",
        ...spec,
      },
    },
    now: at("10:00"),
    proof: null,
    approvals: [],
    live: [],
    history: [],
    ...context,
  };
  return JSON.parse(JSON.stringify(world)) as World;
}

const CASES: Record<string, Record<string, readonly [Case, string]>> = {
  "step 0": {
    "a live digest is allowed as recorded, whatever else is true of it": [
      {
        rules: [deny("never")],
        spec: { requester: "zoe@example.com", role: "nothing" },
        live: [held({ request: "this", rule: "old" })],
        history: [past("08:00", "09:00", { request: "this" })],
      },
      "allow old 09:30 10:30",
    ],
    "a live digest without a rule is allowed without one": [
      { live: [held({ request: "this" })] },
      "allow null 09:30 10:30",
    ],
    "an ended digest says that alone": [
      { spec: { role: "nothing" }, history: [past("08:00", "09:00", { request: "this" })] },
      "deny null request-ended",
    ],
  },
  "step 1": {
    "all unknown names at once": [
      { spec: { requester: "zoe@example.com", role: "nothing", environment: "nowhere" } },
      "deny null unknown-environment unknown-requester unknown-role",
    ],
    "an environment without a target of the role is unknown": [
      { spec: { role: "admin" } },
      "deny null unknown-environment",
    ],
    "nothing is said of time beside a name": [
      { spec: { role: "nothing", requestedAt: text("11:00") } },
      "deny null unknown-role",
    ],
  },
  "step 2": {
    "dated now is asked": [{ spec: { requestedAt: text("10:00") } }, "allow one 10:00 11:00"],
    "dated a millisecond later is not yet": [
      { spec: { requestedAt: text("10:00") }, now: at("10:00", -1) },
      "deny null request-not-yet",
    ],
    "a start exactly at startWithin is not too late": [
      { spec: { startAt: text("12:00") }, policy: { startWithin: "PT3H" } },
      "allow one 12:00 13:00",
    ],
    "a start a minute after startWithin is": [
      { spec: { startAt: text("12:01") }, policy: { startWithin: "PT3H" } },
      "deny null start-too-late",
    ],
    "lapsed at activateBy": [{ spec: { activateBy: text("10:00") } }, "deny null request-lapsed"],
    "not lapsed a millisecond before": [
      { spec: { activateBy: text("10:00") }, now: at("10:00", -1) },
      "allow one 09:59:59.999 10:59:59.999",
    ],
    "activateWithin counts from a start that is later": [
      { spec: { startAt: text("09:30") }, policy: { activateWithin: "PT31M" } },
      "allow one 10:00 11:00",
    ],
    "activateWithin counts from requestedAt where a start is earlier": [
      { spec: { startAt: text("08:00") }, policy: { activateWithin: "PT1H" } },
      "deny null request-lapsed",
    ],
    "activateBy never reaches past activateWithin": [
      { spec: { activateBy: text("12:00") }, policy: { activateWithin: "PT1H" } },
      "deny null request-lapsed",
    ],
    "no proof where the policy is silent": [{ policy: { requests: {} } }, "deny null request-unproven"],
    "an author where a signature is wanted": [
      { policy: { requests: { proof: "signature" } }, proof: { by: ANN, how: "author" } },
      "deny null request-unproven",
    ],
    "a signature where an author is enough": [
      { policy: { requests: { proof: "author" } }, proof: { by: ANN, how: "signature" } },
      "allow one 10:00 11:00",
    ],
    "somebody else whom no rule lets ask": [
      { policy: { requests: { proof: "author" } }, proof: { by: BEN, how: "author" } },
      "deny null request-unproven",
    ],
    "only the rule that lets somebody else ask is a candidate": [
      {
        rules: [allow("own"), allow("for-others", { duration: { max: "PT30M" }, onBehalf: { people: [BEN] } })],
        policy: { requests: { proof: "signature" } },
        proof: { by: BEN, how: "signature" },
      },
      "allow for-others 10:00 10:30",
    ],
    "nobody asks for a break-glass on behalf": [
      {
        rules: [allow("for-others", { onBehalf: "everyone" })],
        policy: { requests: { proof: "signature" }, breakGlass: BREAK_GLASS },
        spec: { breakGlass: true },
        proof: { by: BEN, how: "signature" },
      },
      "deny null request-unproven",
    ],
  },
  "step 3": {
    "denied at the first instant of the window": [
      { rules: [allow("one"), deny("freeze", during("10:00", "11:00"))] },
      "deny one denied@freeze",
    ],
    "not denied at its end": [
      { rules: [deny("freeze", during("09:00", "10:00")), allow("one")] },
      "allow one 10:00 11:00",
    ],
    "hours and window must both contain t": [
      { rules: [deny("freeze", { ...during("10:00", "12:00"), ...utc("11:00", "12:00", "activate") }), allow("one")] },
      "allow one 10:00 11:00",
    ],
    "each rule that denies is named, and a request without candidates says so too": [
      { rules: [deny("a"), deny("b", { who: { people: [ANN] } }), deny("c", { who: { people: [BEN] } })] },
      "deny null denied@a denied@b not-eligible",
    ],
    "judged at the start, not now": [
      {
        rules: [deny("freeze", during("10:00", "11:00")), allow("one")],
        spec: { startAt: text("11:00") },
      },
      "allow one 11:00 12:00",
    ],
    "who is on call is asked at t, for the cut as well": [
      {
        rules: [deny("duty", { who: { onCall: ["primary"] }, ...during("10:30", "12:00") }), allow("one")],
        now: at("10:00", -1),
      },
      "allow one 09:59:59.999 10:59:59.999",
    ],
    "somebody on call at t is cut where the window begins": [
      { rules: [deny("duty", { who: { onCall: ["primary"] }, ...during("10:30", "12:00") }), allow("one")] },
      "allow one 10:00 10:30",
    ],
  },
  "step 4": {
    "it needs no allow rule, and lasts maxDuration unless it says": [
      { rules: [deny("d", { breakGlass: true })], policy: { breakGlass: BREAK_GLASS }, spec: { breakGlass: true } },
      "allow breakGlass 10:00 12:00",
    ],
    "the environment caps what it lasts": [
      {
        policy: { breakGlass: BREAK_GLASS, environments: { production: { maxDuration: "PT30M" }, staging: {} } },
        spec: { breakGlass: true },
      },
      "allow breakGlass 10:00 10:30",
    ],
    "longer than it may": [
      { policy: { breakGlass: BREAK_GLASS }, spec: { breakGlass: true, duration: "PT121M" } },
      "deny breakGlass duration-too-long@breakGlass",
    ],
    "a minute is not too short, nor a second": [
      { policy: { breakGlass: BREAK_GLASS }, spec: { breakGlass: true, duration: "PT1S" } },
      "allow breakGlass 10:00 10:00:01",
    ],
    "without one in the policy no rule speaks, whatever allow rules say": [
      { spec: { breakGlass: true } },
      "deny null break-glass-not-allowed",
    ],
    "a deny rule that it does not pass denies": [
      { rules: [deny("d", { breakGlass: false })], policy: { breakGlass: BREAK_GLASS }, spec: { breakGlass: true } },
      "deny breakGlass denied@d",
    ],
    "cut by a rule that it doesn't pass, not by one that it passes": [
      {
        rules: [
          deny("passed", { breakGlass: true, ...during("10:10", "12:00") }),
          deny("not", during("10:30", "12:00")),
        ],
        policy: { breakGlass: BREAK_GLASS },
        spec: { breakGlass: true },
      },
      "allow breakGlass 10:00 10:30",
    ],
    "a missing review is overdue from activatedAt + within on": [
      {
        policy: { breakGlass: BREAK_GLASS },
        spec: { breakGlass: true },
        history: [past("06:00", "07:00", { breakGlass: true })],
      },
      "deny breakGlass break-glass-review-overdue@breakGlass",
    ],
    "and not a millisecond before": [
      {
        policy: { breakGlass: BREAK_GLASS },
        spec: { breakGlass: true },
        history: [past("06:00", "07:00", { breakGlass: true })],
        now: at("10:00", -1),
      },
      "allow breakGlass 09:59:59.999 11:59:59.999",
    ],
    "a review settles it, and so does another person's": [
      {
        policy: { breakGlass: BREAK_GLASS },
        spec: { breakGlass: true },
        history: [
          past("02:00", "03:00", { breakGlass: true, reviewedAt: at("09:00") }),
          past("02:00", "03:00", { breakGlass: true, requester: BEN }),
        ],
      },
      "allow breakGlass 10:00 12:00",
    ],
    "two without a review block by default, live ones too": [
      {
        policy: { breakGlass: BREAK_GLASS },
        spec: { breakGlass: true },
        live: [held({ breakGlass: true })],
        history: [past("08:00", "09:00", { breakGlass: true })],
      },
      "deny breakGlass break-glass-review-overdue@breakGlass",
    ],
    "approvals and rejections are none of its business": [
      {
        rules: [allow("one", { approvals: leaf([BEN]) })],
        policy: { breakGlass: BREAK_GLASS },
        spec: { breakGlass: true },
        approvals: [says(BEN, "09:30", { verdict: "reject" })],
      },
      "allow breakGlass 10:00 12:00",
    ],
  },
  "step 5": {
    "elsewhere by another rule": [
      { rules: [allow("one", { environments: ["staging"] })] },
      "deny null environment-not-allowed",
    ],
    "elsewhere, but another role": [
      { rules: [allow("one", { environments: ["staging"], roles: ["writer"] })] },
      "deny null not-eligible",
    ],
    "the first without violations allows, not the longest": [
      {
        rules: [
          allow("bad", { ticket: { matches: "x" } }),
          allow("good"),
          allow("longer", { duration: { max: "PT4H" } }),
        ],
      },
      "allow good 10:00 11:00",
    ],
    "fewest different ids speak: one thing twice wrong is one id": [
      {
        rules: [
          allow("two-ids", { duration: { min: "PT2H", max: "PT1H" }, ticket: { matches: "x" } }),
          allow("one-id-twice", { reason: { minLength: 100, matches: "^INC" } }),
        ],
      },
      "deny one-id-twice reason-insufficient@one-id-twice reason-insufficient@one-id-twice",
    ],
    "ties are settled by order": [
      { rules: [allow("a", { ticket: { matches: "x" } }), allow("b", { reason: { minLength: 100 } })] },
      "deny a ticket-required@a",
    ],
    "step 6 does not reopen the choice": [
      {
        rules: [allow("a"), allow("b", { extensions: { max: 1, upTo: "PT1H" } })],
        spec: { extends: OTHER },
        live: [held({ request: OTHER })],
      },
      "deny a extension-not-allowed@a",
    ],
    "included functions count, over two steps": [
      {
        rules: [allow("one", { who: { jobFunctions: ["lead"] } })],
        people: { [ANN]: { jobFunctions: ["dba"], identities: { postgres: "ann" } } },
      },
      "allow one 10:00 11:00",
    ],
    "and not the other way round": [
      {
        rules: [allow("one", { who: { jobFunctions: ["dba"] } })],
        people: { [ANN]: { jobFunctions: ["lead"], identities: { postgres: "ann" } } },
      },
      "deny null not-eligible",
    ],
    "on call at the start": [
      { rules: [allow("one", { who: { onCall: ["primary"] } })], spec: { startAt: text("11:00") } },
      "deny null not-eligible",
    ],
  },
  duration: {
    "min and max themselves are allowed": [
      { rules: [allow("one", { duration: { min: "PT1H", max: "PT1H" } })], spec: { duration: "PT60M" } },
      "allow one 10:00 11:00",
    ],
    "min is a minute where none is given": [{ spec: { duration: "PT59S" } }, "deny one duration-too-short@one"],
    "a default above max is too long": [
      { rules: [allow("one", { duration: { default: "PT2H", max: "PT1H" } })] },
      "deny one duration-too-long@one",
    ],
    "clamped, it is max": [
      { rules: [allow("one", { duration: { max: "PT1H", clamp: true } })], spec: { duration: "P1D" } },
      "allow one 10:00 11:00",
    ],
    "min bounds what is asked, also where a clamp leaves less": [
      { rules: [allow("one", { duration: { min: "PT2H", max: "PT1H", clamp: true } })], spec: { duration: "PT3H" } },
      "allow one 10:00 11:00",
    ],
    "min does not bound what a cut leaves": [
      {
        rules: [allow("one", { duration: { min: "PT1H", max: "PT1H" } }), deny("freeze", during("10:01", "11:00"))],
      },
      "allow one 10:00 10:01",
    ],
    "the environment's maxDuration is what is asked where nothing is said": [
      { policy: { environments: { production: { maxDuration: "PT10M" }, staging: {} } } },
      "allow one 10:00 10:10",
    ],
  },
  reason: {
    "code points count, White_Space at the ends doesn't": [
      { rules: [allow("one", { reason: { minLength: 5 } })], spec: { reason: "\u2003😀😀😀😀x\u0085" } },
      "allow one 10:00 11:00",
    ],
    "one fewer": [
      { rules: [allow("one", { reason: { minLength: 6 } })], spec: { reason: "\u2003😀😀😀😀x\u0085" } },
      "deny one reason-insufficient@one",
    ],
    "matches looks at it as written": [
      { rules: [allow("one", { reason: { matches: "^ x" } })], spec: { reason: " x" } },
      "allow one 10:00 11:00",
    ],
  },
  hours: {
    "open at from": [{ rules: [allow("one", utc("10:00", "12:00", "activate"))] }, "allow one 10:00 11:00"],
    "closed at to": [{ rules: [allow("one", utc("08:00", "10:00", "activate"))] }, "deny one outside-hours@one"],
    "held to closing time": [{ rules: [allow("one", utc("08:00", "10:30", "hold"))] }, "allow one 10:00 10:30"],
    "not held by default": [{ rules: [allow("one", utc("08:00", "10:30", "activate"))] }, "allow one 10:00 11:00"],
    "windows that touch are one": [
      { rules: [allow("one", { ...utc("10:30", "10:30", "hold"), duration: { max: "PT2H" } })] },
      "allow one 10:00 12:00",
    ],
    "a window past midnight is of the day on which it began": [
      {
        rules: [allow("one", { hours: { zone: "UTC", days: ["mon"], from: "22:00", to: "10:30", mode: "hold" } })],
      },
      "allow one 10:00 10:30",
    ],
    "24:00 ends the day": [
      {
        rules: [allow("one", { hours: { zone: "UTC", days: ["tue"], from: "20:00", to: "24:00", mode: "hold" } })],
        spec: { requestedAt: text("20:00") },
        now: at("23:30"),
      },
      "allow one 23:30 2026-11-25T00:00",
    ],
    "a clock time that is skipped is read with the offset before": [
      {
        rules: [
          allow("one", {
            hours: { zone: "Europe/Berlin", days: ["sun"], from: "02:30", to: "04:00", mode: "activate" },
          }),
        ],
        spec: { requestedAt: "2026-03-29T00:00:00Z" },
        now: Date.parse("2026-03-29T01:30Z"),
      },
      "allow one 2026-03-29T01:30 2026-03-29T02:30",
    ],
    "one that comes twice is the first": [
      {
        rules: [
          allow("one", { hours: { zone: "Europe/Berlin", days: ["sun"], from: "01:00", to: "02:30", mode: "hold" } }),
        ],
        spec: { requestedAt: "2026-10-25T00:00:00Z" },
        now: Date.parse("2026-10-25T00:29Z"),
      },
      "allow one 2026-10-25T00:29 2026-10-25T00:30",
    ],
  },
  approvals: {
    "the same person fills one place": [
      {
        rules: [allow("one", { approvals: { all: [leaf([BEN, CAT]), leaf([BEN])] } })],
        approvals: [says(BEN, "09:30")],
      },
      "deny one approvals-missing@one",
    ],
    "a matching, whoever comes first": [
      {
        rules: [allow("one", { approvals: { all: [leaf([BEN, CAT]), leaf([BEN])] } })],
        approvals: [says(BEN, "09:30"), says(CAT, "09:31")],
      },
      "allow one 10:00 11:00",
    ],
    "any: one branch wholly": [
      {
        rules: [allow("one", { approvals: { any: [leaf([BEN, CAT], 2), leaf([DAN])] } })],
        approvals: [says(DAN, "09:30"), says(BEN, "09:30")],
      },
      "allow one 10:00 11:00",
    ],
    "any: no two halves": [
      {
        rules: [allow("one", { approvals: { any: [leaf([BEN, CAT], 2), leaf([DAN, ANN], 2)] } })],
        approvals: [says(DAN, "09:30"), says(BEN, "09:30")],
      },
      "deny one approvals-missing@one",
    ],
    "never the requester": [
      { rules: [allow("one", { approvals: leaf([ANN]) })], approvals: [says(ANN, "09:30")] },
      "deny one approvals-missing@one",
    ],
    "never who asked on their behalf": [
      {
        rules: [allow("one", { approvals: leaf([BEN]), onBehalf: "everyone" })],
        policy: { requests: { proof: "signature" } },
        proof: { by: BEN, how: "signature" },
        approvals: [says(BEN, "09:30")],
      },
      "deny one approvals-missing@one",
    ],
    "nobody outside of the directory": [
      {
        rules: [allow("one", { approvals: { from: "everyone", count: 1 } })],
        approvals: [says("zoe@example.com", "09:30")],
      },
      "deny one approvals-missing@one",
    ],
    "said when it was asked, and now": [
      {
        rules: [allow("one", { approvals: leaf([BEN, CAT], 2) })],
        approvals: [says(BEN, "09:00"), says(CAT, "10:00")],
      },
      "allow one 10:00 11:00",
    ],
    "not a millisecond before it was asked": [
      { rules: [allow("one", { approvals: leaf([BEN]) })], approvals: [says(BEN, "09:00", { at: at("09:00", -1) })] },
      "deny one approvals-missing@one",
    ],
    "not a millisecond after now": [
      { rules: [allow("one", { approvals: leaf([BEN]) })], approvals: [says(BEN, "10:00", { at: at("10:00", 1) })] },
      "deny one approvals-missing@one",
    ],
    "run out at at + approvalsValidFor": [
      {
        rules: [allow("one", { approvals: leaf([BEN]), approvalsValidFor: "PT30M" })],
        approvals: [says(BEN, "09:30")],
      },
      "deny one approvals-missing@one",
    ],
    "judged now, though access begins later": [
      {
        rules: [allow("one", { approvals: leaf([BEN]), approvalsValidFor: "PT31M" })],
        approvals: [says(BEN, "09:30")],
        spec: { startAt: text("12:00") },
      },
      "allow one 12:00 13:00",
    ],
    "an earlier approve that still counts doesn't stand for a latest that ran out": [
      {
        rules: [allow("one", { approvals: leaf([BEN]), approvalsValidFor: "PT30M" })],
        approvals: [says(BEN, "09:29"), says(BEN, "09:30")],
      },
      "deny one approvals-missing@one",
    ],
    "a reject at the same instant wins": [
      {
        rules: [allow("one", { approvals: leaf([BEN]) })],
        approvals: [says(BEN, "09:30", { verdict: "reject" }), says(BEN, "09:30")],
      },
      "deny one approvals-missing@one rejected",
    ],
    "a later approve takes a reject back": [
      {
        rules: [allow("one", { approvals: leaf([BEN]) })],
        approvals: [says(BEN, "09:30"), says(BEN, "09:29", { verdict: "reject" })],
      },
      "allow one 10:00 11:00",
    ],
    "a reject doesn't run out, and needs no place": [
      {
        rules: [allow("one", { approvals: leaf([BEN, CAT]), approvalsValidFor: "PT5M" })],
        approvals: [says(BEN, "09:00", { verdict: "reject" }), says(CAT, "09:59")],
      },
      "deny one rejected",
    ],
    "a leaf of any allow rule that names role and environment, whomever it lets ask": [
      {
        rules: [allow("one"), allow("others", { who: { people: [CAT] }, approvals: leaf([BEN]) })],
        approvals: [says(BEN, "09:30", { verdict: "reject" })],
      },
      "deny one rejected",
    ],
    "not a leaf of a rule for another role or environment": [
      {
        rules: [
          allow("one"),
          allow("role", { roles: ["writer"], approvals: leaf([BEN]) }),
          allow("environment", { environments: ["staging"], approvals: leaf([BEN]) }),
        ],
        approvals: [says(BEN, "09:30", { verdict: "reject" })],
      },
      "allow one 10:00 11:00",
    ],
    "rejected also where there is no candidate": [
      {
        rules: [allow("others", { who: { people: [CAT] }, approvals: leaf([BEN]) })],
        approvals: [says(BEN, "09:30", { verdict: "reject" })],
      },
      "deny null not-eligible rejected",
    ],
    "from: on call when it was said": [
      {
        rules: [allow("one", { approvals: { from: { onCall: ["primary"] }, count: 1 } })],
        onCall: { primary: [{ person: BEN, from: text("09:00"), to: text("09:30") }] },
        approvals: [says(BEN, "09:30", { at: at("09:30", -1) })],
      },
      "allow one 10:00 11:00",
    ],
    "from: not on call any more": [
      {
        rules: [allow("one", { approvals: { from: { onCall: ["primary"] }, count: 1 } })],
        onCall: { primary: [{ person: BEN, from: text("09:00"), to: text("09:30") }] },
        approvals: [says(BEN, "09:30")],
      },
      "deny one approvals-missing@one",
    ],
    "of the role as it is today": [
      { rules: [allow("one", { approvals: leaf([BEN]) })], approvals: [says(BEN, "09:30", { role: "today" })] },
      "allow one 10:00 11:00",
    ],
    "of another role": [
      { rules: [allow("one", { approvals: leaf([BEN]) })], approvals: [says(BEN, "09:30", { role: OTHER })] },
      "deny one approvals-missing@one",
    ],
    "a reject counts whatever role it was of": [
      {
        rules: [allow("one", { approvals: leaf([BEN]) })],
        approvals: [says(BEN, "09:30", { role: OTHER, verdict: "reject", upTo: 1 })],
      },
      "deny one approvals-missing@one rejected",
    ],
    "up to exactly what is asked": [
      { rules: [allow("one", { approvals: leaf([BEN]) })], approvals: [says(BEN, "09:30", { upTo: 60 * MINUTE })] },
      "allow one 10:00 11:00",
    ],
    "up to less, though a cut would leave no more": [
      {
        rules: [allow("one", { approvals: leaf([BEN]) }), deny("freeze", during("10:30", "11:00"))],
        approvals: [says(BEN, "09:30", { upTo: 59 * MINUTE })],
      },
      "deny one approvals-missing@one",
    ],
    "up to what a clamp leaves": [
      {
        rules: [allow("one", { approvals: leaf([BEN]), duration: { max: "PT1H", clamp: true } })],
        approvals: [says(BEN, "09:30", { upTo: 60 * MINUTE })],
        spec: { duration: "PT9H" },
      },
      "allow one 10:00 11:00",
    ],
    "imported where the leaf takes them": [
      {
        rules: [allow("one", { approvals: leaf([BEN], 1, true) })],
        approvals: [says(BEN, "09:30", { imported: true })],
      },
      "allow one 10:00 11:00",
    ],
    "imported where it doesn't": [
      { rules: [allow("one", { approvals: leaf([BEN]) })], approvals: [says(BEN, "09:30", { imported: true })] },
      "deny one approvals-missing@one",
    ],
    "none can be verified": [
      { rules: [allow("one", { approvals: leaf([BEN]) })], approvals: null },
      "deny one approvals-missing@one",
    ],
  },
  cooldown: {
    "over at endedAt + cooldown": [
      { rules: [allow("one", { cooldown: "PT1H" })], history: [past("08:00", "09:00", { rule: "one" })] },
      "allow one 10:00 11:00",
    ],
    "not a millisecond before": [
      {
        rules: [allow("one", { cooldown: "PT1H" })],
        history: [past("08:00", "09:00", { rule: "one" })],
        now: at("10:00", -1),
      },
      "deny one cooling-down@one",
    ],
    "measured at the start": [
      {
        rules: [allow("one", { cooldown: "PT1H" })],
        history: [past("08:00", "09:30", { rule: "one" })],
        spec: { startAt: text("10:30") },
      },
      "allow one 10:30 11:30",
    ],
    "by the element's rule, whatever role and environment": [
      {
        rules: [allow("one", { cooldown: "PT1H" })],
        history: [past("08:00", "09:30", { rule: "one", role: "writer", environment: "staging" })],
      },
      "deny one cooling-down@one",
    ],
    "not by another rule, by none, nor another person's": [
      {
        rules: [allow("one", { cooldown: "PT1H" })],
        history: [
          past("08:00", "09:30", { rule: "two" }),
          past("08:00", "09:30"),
          past("08:00", "09:30", { rule: "one", requester: BEN }),
        ],
      },
      "allow one 10:00 11:00",
    ],
    "from when it ended, not from when it would have": [
      {
        rules: [allow("one", { cooldown: "PT1H" })],
        history: [past("08:00", "09:00", { rule: "one", expiresAt: at("09:50") })],
      },
      "allow one 10:00 11:00",
    ],
  },
  limits: {
    "this one counts": [
      { policy: { limits: { perPerson: { live: 1 } } }, live: [held({ role: "writer", environment: "staging" })] },
      "deny one limit-exceeded",
    ],
    "up to the limit": [
      { policy: { limits: { perPerson: { live: 2 } } }, live: [held(), held({ requester: BEN })] },
      "allow one 10:00 11:00",
    ],
    "also one that ends before t, or has": [
      {
        policy: { limits: { perPerson: { live: 1 } } },
        live: [held({ expiresAt: at("09:50") })],
        spec: { startAt: text("12:00") },
      },
      "deny one limit-exceeded",
    ],
    "perRole: the role in this environment, anybody's": [
      {
        policy: { limits: { perRole: { reader: { live: 1 } } } },
        live: [held({ environment: "staging", requester: BEN }), held({ role: "writer", requester: BEN })],
      },
      "allow one 10:00 11:00",
    ],
    "perRole: over": [
      { policy: { limits: { perRole: { reader: { live: 1 } } } }, live: [held({ requester: BEN })] },
      "deny one limit-exceeded",
    ],
    "each limit is a thing of its own": [
      { policy: { limits: { perPerson: { live: 1 }, perRole: { reader: { live: 1 } } } }, live: [held()] },
      "deny one limit-exceeded limit-exceeded",
    ],
    "heldPer: exactly max is good": [
      {
        policy: { limits: { perPerson: { heldPer: { window: "P1D", max: "PT2H" } } } },
        history: [past("08:00", "09:00")],
      },
      "allow one 10:00 11:00",
    ],
    "heldPer: a millisecond more isn't": [
      {
        policy: { limits: { perPerson: { heldPer: { window: "P1D", max: "PT2H" } } } },
        history: [past("08:00", "09:00", { endedAt: at("09:00", 1) })],
      },
      "deny one limit-exceeded",
    ],
    "heldPer: the window ends with this grant": [
      {
        policy: { limits: { perPerson: { heldPer: { window: "PT2H", max: "PT1H" } } } },
        history: [past("08:00", "09:00")],
      },
      "allow one 10:00 11:00",
    ],
    "heldPer: what lies in the window only": [
      {
        policy: { limits: { perPerson: { heldPer: { window: "PT2H", max: "PT90M" } } } },
        history: [past("08:00", "09:30")],
      },
      "allow one 10:00 11:00",
    ],
    "heldPer: with what a cut leaves of this one": [
      {
        rules: [allow("one"), deny("freeze", during("10:30", "12:00"))],
        policy: { limits: { perPerson: { heldPer: { window: "PT2H", max: "PT60M" } } } },
        history: [past("08:00", "09:00")],
      },
      "allow one 10:00 10:30",
    ],
    "heldPer: overlaps count each": [
      {
        policy: { limits: { perPerson: { heldPer: { window: "P1D", max: "PT3H" } } } },
        history: [past("08:00", "09:00"), past("08:00", "09:00", { endedAt: at("09:00", 1) })],
      },
      "deny one limit-exceeded",
    ],
    "heldPer: a live one counts to its end, also beyond t": [
      {
        policy: { limits: { perPerson: { heldPer: { window: "P1D", max: "PT119M" } } } },
        live: [held({ role: "writer" })],
      },
      "deny one limit-exceeded",
    ],
    "heldPer: a live one past its end counts to now": [
      {
        policy: { limits: { perPerson: { heldPer: { window: "P1D", max: "PT89M" } } } },
        live: [held({ role: "writer", expiresAt: at("09:40") })],
      },
      "deny one limit-exceeded",
    ],
    "heldPer: not judged where something is denied": [
      {
        rules: [allow("one"), deny("freeze")],
        policy: { limits: { perPerson: { heldPer: { window: "P1D", max: "PT1M" } } } },
      },
      "deny one denied@freeze",
    ],
    "heldPer: hours that hold and don't contain t cut nothing": [
      {
        rules: [allow("one", utc("11:00", "12:00", "hold"))],
        policy: { limits: { perPerson: { heldPer: { window: "P1D", max: "PT59M" } } } },
      },
      "deny one limit-exceeded outside-hours@one",
    ],
    "heldPer: not judged where no rule speaks": [
      {
        rules: [deny("freeze", during("08:00", "09:00"))],
        policy: { limits: { perPerson: { heldPer: { window: "P1D", max: "PT1M" } } } },
      },
      "deny null not-eligible",
    ],
    "heldPer: judged where a rule speaks against it": [
      {
        rules: [allow("one", { ticket: { matches: "x" } })],
        policy: { limits: { perPerson: { heldPer: { window: "P1D", max: "PT1M" } } } },
      },
      "deny one limit-exceeded ticket-required@one",
    ],
  },
  conflicts: {
    "in any environment": [
      { policy: { conflicts: [["reader", "writer"]] }, live: [held({ role: "writer", environment: "staging" })] },
      "deny one conflicting-roles",
    ],
    "not the same role, another's, or one of another list": [
      {
        policy: {
          conflicts: [
            ["reader", "writer"],
            ["writer", "admin"],
          ],
        },
        live: [held(), held({ requester: BEN, role: "writer" }), held({ role: "admin" })],
      },
      "allow one 10:00 11:00",
    ],
    "not an ended one": [
      { policy: { conflicts: [["reader", "writer"]] }, history: [past("08:00", "09:00", { role: "writer" })] },
      "allow one 10:00 11:00",
    ],
  },
  extension: {
    "it begins where the other ends": [
      {
        rules: [allow("one", { extensions: { max: 1, upTo: "PT1H" } })],
        spec: { extends: OTHER },
        live: [held({ request: OTHER })],
      },
      "allow one 10:30 11:30",
    ],
    "or now, if that has passed": [
      {
        rules: [allow("one", { extensions: { max: 1, upTo: "PT1H" } })],
        spec: { extends: OTHER },
        live: [held({ request: OTHER, expiresAt: at("09:59") })],
      },
      "allow one 10:00 11:00",
    ],
    "deny rules are judged there": [
      {
        rules: [allow("one", { extensions: { max: 1, upTo: "PT1H" } }), deny("freeze", during("10:30", "11:00"))],
        spec: { extends: OTHER },
        live: [held({ request: OTHER })],
      },
      "deny one denied@freeze",
    ],
    "hours are judged now": [
      {
        rules: [allow("one", { ...utc("08:00", "10:30", "activate"), extensions: { max: 1, upTo: "PT1H" } })],
        spec: { extends: OTHER },
        live: [held({ request: OTHER })],
      },
      "allow one 10:30 11:30",
    ],
    "hours that hold are judged at t too": [
      {
        rules: [allow("one", { ...utc("08:00", "10:30", "hold"), extensions: { max: 1, upTo: "PT1H" } })],
        spec: { extends: OTHER },
        live: [held({ request: OTHER })],
      },
      "deny one outside-hours@one",
    ],
    "lapsing is judged now": [
      {
        rules: [allow("one", { extensions: { max: 1, upTo: "PT1H" } })],
        spec: { extends: OTHER, activateBy: text("10:01") },
        live: [held({ request: OTHER })],
      },
      "allow one 10:30 11:30",
    ],
    "approvals are judged now": [
      {
        rules: [
          allow("one", { approvals: leaf([BEN]), approvalsValidFor: "PT31M", extensions: { max: 1, upTo: "PT1H" } }),
        ],
        spec: { extends: OTHER },
        live: [held({ request: OTHER })],
        approvals: [says(BEN, "09:30")],
      },
      "allow one 10:30 11:30",
    ],
    "no cooldown, and it counts in no live limit": [
      {
        rules: [allow("one", { cooldown: "P1D", extensions: { max: 1, upTo: "PT1H" } })],
        policy: { limits: { perPerson: { live: 1 }, perRole: { reader: { live: 1 } } } },
        spec: { extends: OTHER },
        live: [held({ request: OTHER })],
        history: [past("08:00", "09:00", { rule: "one" })],
      },
      "allow one 10:30 11:30",
    ],
    "but in the time held": [
      {
        rules: [allow("one", { extensions: { max: 1, upTo: "PT1H" } })],
        policy: { limits: { perPerson: { heldPer: { window: "P1D", max: "PT119M" } } } },
        spec: { extends: OTHER },
        live: [held({ request: OTHER })],
      },
      "deny one limit-exceeded",
    ],
    "the chain is full": [
      {
        rules: [allow("one", { extensions: { max: 2, upTo: "PT1H" } })],
        spec: { extends: OTHER },
        live: [held({ request: OTHER, extensions: 2 })],
      },
      "deny one extension-not-allowed@one",
    ],
    "the chain has room": [
      {
        rules: [allow("one", { extensions: { max: 2, upTo: "PT1H" } })],
        spec: { extends: OTHER },
        live: [held({ request: OTHER, extensions: 1 })],
      },
      "allow one 10:30 11:30",
    ],
    "longer than upTo": [
      {
        rules: [allow("one", { extensions: { max: 1, upTo: "PT59M" } })],
        spec: { extends: OTHER },
        live: [held({ request: OTHER })],
      },
      "deny one extension-not-allowed@one",
    ],
    "not longer than upTo after a clamp": [
      {
        rules: [allow("one", { duration: { max: "PT1H", clamp: true }, extensions: { max: 1, upTo: "PT1H" } })],
        spec: { extends: OTHER, duration: "PT2H" },
        live: [held({ request: OTHER })],
      },
      "allow one 10:30 11:30",
    ],
    "a break-glass grant is not prolonged, and then all is judged now": [
      {
        rules: [allow("one", { cooldown: "PT2H", extensions: { max: 1, upTo: "PT1H" } })],
        policy: { limits: { perPerson: { live: 1 } } },
        spec: { extends: OTHER },
        live: [held({ request: OTHER, breakGlass: true })],
        history: [past("08:00", "09:00", { rule: "one" })],
      },
      "deny one cooling-down@one extension-not-allowed limit-exceeded",
    ],
    "nor an ended one": [
      {
        rules: [allow("one", { extensions: { max: 1, upTo: "PT1H" } })],
        spec: { extends: OTHER },
        history: [past("08:00", "09:00", { request: OTHER })],
      },
      "deny one extension-not-allowed",
    ],
    "nor another person's": [
      {
        rules: [allow("one", { extensions: { max: 1, upTo: "PT1H" } })],
        spec: { extends: OTHER },
        live: [held({ request: OTHER, requester: BEN })],
      },
      "deny one extension-not-allowed",
    ],
    "nor one of another role": [
      {
        rules: [allow("one", { extensions: { max: 1, upTo: "PT1H" } })],
        spec: { extends: OTHER },
        live: [held({ request: OTHER, role: "writer" })],
      },
      "deny one extension-not-allowed",
    ],
    "nor one in another environment": [
      {
        rules: [allow("one", { extensions: { max: 1, upTo: "PT1H" } })],
        spec: { extends: OTHER },
        live: [held({ request: OTHER, environment: "staging" })],
      },
      "deny one extension-not-allowed",
    ],
    "no rule speaks": [
      { rules: [deny("d", during("08:00", "09:00"))], spec: { extends: OTHER }, live: [held({ request: OTHER })] },
      "deny null extension-not-allowed not-eligible",
    ],
  },
  identity: {
    "none of the target's kind": [{ people: { [ANN]: { identities: { aws: "ann" } } } }, "deny one no-identity"],
  },
};

describe("design §5 by its sentences", () => {
  for (const [part, cases] of Object.entries(CASES)) {
    for (const [sentence, [given, expected]] of Object.entries(cases)) {
      it(`${part}: ${sentence}`, () => {
        const world = worldOf(given);
        assert.ok(isGood(world), "documents are good");
        for (const [who, answer] of [
          ["decide()", answerOf(world)],
          ["the oracle", oracle(world, contextOf(world))],
        ] as const) {
          assert.equal(written(answer), expected, who);
        }
      });
    }
  }
});

/** `allow rule activatesAt expiresAt`, or `deny rule id@rule id`. */
function written({ outcome, rule, activatesAt, expiresAt, violations }: Answer): string {
  const more =
    outcome === "allow" ? [activatesAt, expiresAt].map(short) : violations.map((each) => each.replace(" ", "@"));
  return [outcome, rule ?? "null", ...more].join(" ");
}

/** `10:00`, with what else is not zero. */
function short(instant: number | null): string {
  if (instant === null) return "null";
  return new Date(instant)
    .toISOString()
    .replace("2026-11-24T", "")
    .replace(/:00\.000Z$/, "")
    .replace(/(\.000)?Z$/, "");
}
