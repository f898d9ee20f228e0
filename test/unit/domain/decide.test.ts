// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  activateByOf,
  type Decision,
  decide,
  digestOf,
  formatInstant,
  identityOf,
  readJudge,
  startAtOf,
  targetOf,
} from "@elevation/domain";
import { type Asked, aRequest, ask, asNew, at, DIRECTORY, edit, later, outcome, POLICY } from "./documents";

const NOW = "2026-11-24T10:00:00Z";

describe("decide()", () => {
  it("when a rule allows, then the whole decision says so", () => {
    const judge = readJudge({ file: "p.yaml", text: POLICY }, { file: "d.yaml", text: DIRECTORY });
    const request = aRequest();
    const context = asNew(at(NOW));
    assert.deepEqual(decide(judge.policy.value, judge.directory.value, request, context), {
      outcome: "allow",
      rule: "dba-short",
      activatesAt: "2026-11-24T10:00:00.000Z",
      expiresAt: "2026-11-24T10:45:00.000Z",
      effectiveEnd: "2026-11-24T10:45:00.000Z",
      violations: [],
      approvals: { required: [], given: [], missing: [] },
      requestDigest: digestOf(request),
      policyDigest: judge.policy.digest,
      directoryDigest: judge.directory.digest,
      decidedAt: "2026-11-24T10:00:00.000Z",
    });
  });

  it("when a request is denied, then the whole decision says so, with the fix", () => {
    const decision = ask({ now: "2026-11-24T20:00:00Z", spec: { duration: "PT9H", environment: "production" } });
    assert.deepEqual(
      { ...decision, requestDigest: "", policyDigest: "", directoryDigest: "" },
      {
        outcome: "deny",
        rule: "dba-short",
        activatesAt: null,
        expiresAt: null,
        effectiveEnd: null,
        violations: [
          {
            id: "duration-too-long",
            rule: "dba-short",
            path: "spec.duration",
            observed: "PT9H",
            limit: "PT1H",
            message: "`alice-orders` asks for 9 h, rule `dba-short` allows 1 h; set `duration` to PT1H or less",
          },
        ],
        approvals: { required: [], given: [], missing: [] },
        requestDigest: "",
        policyDigest: "",
        directoryDigest: "",
        decidedAt: "2026-11-24T20:00:00.000Z",
      },
    );
  });

  describe("step 0: live and ended grants", () => {
    const request = aRequest({ role: "no-such-role" });
    const grant = {
      requester: "alice@example.com",
      role: "orders-admin",
      environment: "production",
      activatedAt: at("2026-11-24T08:00:00Z"),
      expiresAt: at("2026-11-24T09:00:00Z"),
      rule: "gone-rule",
      request: digestOf(request),
    };
    const ended = { ...grant, endedAt: at("2026-11-24T08:30:00Z") };
    const judge = readJudge({ file: "p.yaml", text: POLICY }, { file: "d.yaml", text: DIRECTORY });
    const decided = (live: (typeof grant)[], history: (typeof ended)[]) =>
      decide(judge.policy.value, judge.directory.value, request, { ...asNew(at(NOW)), live, history });

    it("when the digest is live, then it is allowed as it was recorded and nothing else is judged", () => {
      const decision = decided([{ ...grant, request: digestOf("another") }, grant], [ended]);
      assert.deepEqual(
        [decision.outcome, decision.rule, decision.activatesAt, decision.expiresAt, decision.effectiveEnd],
        ["allow", "gone-rule", "2026-11-24T08:00:00.000Z", "2026-11-24T09:00:00.000Z", "2026-11-24T09:00:00.000Z"],
      );
      const { rule: _, ...noRule } = grant;
      assert.equal(decided([noRule as typeof grant], []).rule, null);
    });

    it("when the digest has ended, then it is denied and nothing else is judged", () => {
      const message =
        "the grant of `alice-orders` ended at 2026-11-24T08:30:00.000Z, and a request opens access at most once; write a new request with today's `requestedAt`";
      const violation = {
        id: "request-ended",
        rule: null,
        path: "",
        observed: "2026-11-24T08:30:00.000Z",
        limit: null,
      };
      assert.deepEqual(decided([], [ended]).violations, [{ ...violation, message }]);
    });

    it("when other requests are live or have ended, then they mean nothing", () => {
      const other = digestOf("another");
      assert.equal(
        outcome(decided([{ ...grant, request: other }], [{ ...ended, request: other }])),
        "null: unknown-role",
      );
    });
  });

  describe("messages", () => {
    const STAGING_ONLY: [string, string] = ["environments: [production, staging]", "environments: [staging]"];
    const rows: readonly (readonly [string, Asked, readonly string[]])[] = [
      [
        "nobody knows the requester, the role and the environment",
        { now: NOW, spec: { requester: "alcie@example.com", role: "order-admin", environment: "prodution" } },
        [
          "unknown-requester: `alice-orders` is asked for by `alcie@example.com`, who is not in the directory; did you mean `alice@example.com`?",
          "unknown-role: `alice-orders` asks for role `order-admin`, which the policy does not offer; did you mean `orders-admin`?",
          "unknown-environment: `alice-orders` asks for environment `prodution`, which the policy does not have; did you mean `production`?",
        ],
      ],
      [
        "names are those of what every object inherits",
        { now: NOW, spec: { role: "constructor", environment: "constructor" } },
        [
          "unknown-role: `alice-orders` asks for role `constructor`, which the policy does not offer; the nearest known name is `ledger-auditor`",
          "unknown-environment: `alice-orders` asks for environment `constructor`, which the policy does not have; the nearest known name is `production`",
        ],
      ],
      [
        "the role has no target there",
        { now: NOW, spec: { role: "ledger-auditor", environment: "staging" } },
        [
          "unknown-environment: `alice-orders` asks for role `ledger-auditor` in `staging`, where it does not exist; ask for it in `production`",
        ],
      ],
      [
        "the request is of tomorrow, starts too late and has lapsed",
        {
          now: NOW,
          spec: {
            requestedAt: "2026-11-25T09:00:00Z",
            startAt: "2026-12-02T09:00:00.001Z",
            activateBy: "2026-11-26T09:00:00Z",
          },
        },
        [
          "request-not-yet: `alice-orders` is dated 2026-11-25T09:00:00.000Z, and it is only 2026-11-24T10:00:00.000Z; correct `requestedAt`",
          "start-too-late: `alice-orders` starts at 2026-12-02T09:00:00.001Z, more than 7 d after `requestedAt`; set `startAt` to 2026-12-02T09:00:00.000Z or before",
          "request-lapsed: `alice-orders` had to be activated before 2026-11-26T09:00:00.000Z, and the earliest is 2026-12-02T09:00:00.001Z; write a new request",
        ],
      ],
      [
        "a deny rule matches, and ends too late for this request",
        { now: "2026-12-24T10:00:00Z", spec: { requestedAt: "2026-12-24T09:00:00Z" } },
        [
          "denied: `alice-orders` asks for `orders-admin` in `production` at 2026-12-24T10:00:00.000Z, which rule `freeze` denies until 2027-01-02T00:00:00.000Z; write a new request when it is 2027-01-02T00:00:00.000Z",
        ],
      ],
      [
        "a deny rule matches, and ends soon",
        { now: "2026-12-31T10:00:00Z", spec: { requestedAt: "2026-12-31T09:00:00Z" } },
        [
          "denied: `alice-orders` asks for `orders-admin` in `production` at 2026-12-31T10:00:00.000Z, which rule `freeze` denies until 2027-01-02T00:00:00.000Z; set `startAt` to 2027-01-02T00:00:00.000Z or later",
        ],
      ],
      [
        "a deny rule without times matches",
        {
          now: NOW,
          policy: edit(POLICY, ["    during: { from: 2026-12-20T00:00:00Z, to: 2027-01-02T00:00:00Z }\n", ""]),
        },
        [
          "denied: `alice-orders` asks for `orders-admin` in `production` at 2026-11-24T10:00:00.000Z, which rule `freeze` denies; ask whoever keeps the policy",
        ],
      ],
      [
        "the person may have the role elsewhere",
        {
          now: NOW,
          policy: edit(POLICY, STAGING_ONLY, [
            "environments: [production]\n    duration: { max",
            "environments: [staging]\n    duration: { max",
          ]),
        },
        [
          "environment-not-allowed: `alice-orders` asks for `orders-admin` in `production`, where no rule gives it to `alice@example.com`; ask for it in `staging`",
        ],
      ],
      [
        "the person may have the role elsewhere, in one environment where it exists and in others where it doesn't",
        {
          now: NOW,
          policy: edit(
            POLICY,
            ["  staging: {}\n", "  staging: {}\n  test: {}\n"],
            ["environments: [production, staging]", "environments: [test, staging, nowhere]"],
            ["environments: [production]\n    duration: { max", "environments: [test]\n    duration: { max"],
          ),
        },
        [
          "environment-not-allowed: `alice-orders` asks for `orders-admin` in `production`, where no rule gives it to `alice@example.com`; ask for it in `staging`",
        ],
      ],
      [
        "the person may have the role only where it doesn't exist",
        {
          now: NOW,
          spec: { role: "ledger-auditor" },
          policy: edit(POLICY, [
            "roles: [orders-admin]\n    environments: [production, staging]",
            "roles: [ledger-auditor]\n    environments: [staging]",
          ]),
        },
        [
          "environment-not-allowed: `alice-orders` asks for `ledger-auditor` in `production`, where no rule gives it to `alice@example.com`; ask whoever keeps the policy",
        ],
      ],
      [
        "only others may have the role",
        { now: NOW, spec: { requester: "bob@example.com" } },
        [
          "not-eligible: `alice-orders` asks for `orders-admin` in `production`, which no rule gives to `bob@example.com`, rules `dba-short` and `dba-long` only to others; ask whoever keeps the policy",
        ],
      ],
      [
        "no rule gives the role to anybody, and the person has no login there",
        { now: NOW, spec: { requester: "carol@example.com", role: "ledger-auditor" } },
        [
          "not-eligible: `alice-orders` asks for `ledger-auditor` in `production`, which no rule gives to anybody; ask whoever keeps the policy",
          "no-identity: `carol@example.com` has no `postgres` identity, which `ledger-auditor` in `production` takes; add it to `identities` in the directory",
        ],
      ],
      [
        "the duration is too short and the reason as well",
        { now: NOW, spec: { duration: "PT59S", reason: "why", ticket: undefined } },
        [
          "duration-too-short: `alice-orders` asks for 59 s, rule `dba-short` gives no less than 1 min; set `duration` to PT1M or more, up to PT1H",
          "reason-insufficient: the reason of `alice-orders` has 3 characters, rule `dba-short` wants 10 or more; say more about what the access is for",
        ],
      ],
      [
        "a long rule speaks: outside its hours, with another reason and no ticket",
        {
          now: "2026-11-24T20:00:00Z",
          policy: edit(POLICY, ["environments: [production, staging]", "environments: [staging]"]),
          spec: { duration: "PT9H", reason: "Rebuild `all`\nindices", ticket: undefined },
        },
        [
          "duration-too-long: `alice-orders` asks for 9 h, rule `dba-long` allows 8 h in `production`; set `duration` to PT8H or less",
          "outside-hours: `alice-orders` would start at 2026-11-24T20:00:00.000Z (Tue 21:00 Europe/Berlin), rule `dba-long` allows mon, tue, wed, thu, fri 08:00 to 20:00 Europe/Berlin; set `startAt` to 2026-11-25T07:00:00.000Z (Wed 08:00 Europe/Berlin) or later",
          "reason-insufficient: the reason of `alice-orders` is `Rebuild \\u{60}all\\u{60}\\u{a}indices`, rule `dba-long` wants one that matches `INC`; write `reason` like that",
          "ticket-required: `alice-orders` names no ticket, rule `dba-long` wants one that matches `^(INC|CHG)-[0-9]+$`; add `ticket`",
        ],
      ],
      [
        "the environment's cap is below the rule's minimum",
        { now: NOW, policy: edit(POLICY, ["maxDuration: PT8H", "maxDuration: PT30S"]), spec: { duration: "PT45S" } },
        [
          "duration-too-short: `alice-orders` asks for 45 s, rule `dba-short` gives no less than 1 min; no duration is at least PT1M and at most PT30S, ask whoever keeps the policy",
          "duration-too-long: `alice-orders` asks for 45 s, rule `dba-short` allows 30 s in `production`; no duration is at least PT1M and at most PT30S, ask whoever keeps the policy",
        ],
      ],
      [
        "the rule's own maximum is below its minimum",
        {
          now: NOW,
          policy: edit(
            POLICY,
            ["min: PT1M, default: PT30M, max: PT1H", "min: PT1H, max: PT20M"],
            ["environments: [production]\n    duration: { max", "environments: [staging]\n    duration: { max"],
          ),
        },
        [
          "duration-too-short: `alice-orders` asks for 45 min, rule `dba-short` gives no less than 1 h; no duration is at least PT1H and at most PT20M, ask whoever keeps the policy",
          "duration-too-long: `alice-orders` asks for 45 min, rule `dba-short` allows 20 min; no duration is at least PT1H and at most PT20M, ask whoever keeps the policy",
        ],
      ],
      [
        "the rule's maximum is below its minimum, and it clamps",
        {
          now: NOW,
          policy: edit(POLICY, [
            "min: PT1M, default: PT30M, max: PT1H, clamp: false",
            "min: PT1H, max: PT20M, clamp: true",
          ]),
          spec: { ticket: undefined },
        },
        [
          "duration-too-short: `alice-orders` asks for 45 min, rule `dba-short` gives no less than 1 h; set `duration` to PT1H or more",
        ],
      ],
      [
        "the rule's default is above its maximum",
        {
          now: NOW,
          policy: edit(POLICY, ["default: PT30M, max: PT1H", "default: PT2H, max: PT1H"]),
          spec: { duration: undefined, ticket: undefined },
        },
        ["duration-too-long: `alice-orders` asks for 2 h, rule `dba-short` allows 1 h; set `duration` to PT1H or less"],
      ],
      [
        "only the ticket is wrong",
        {
          now: NOW,
          policy: edit(POLICY, ["environments: [production, staging]", "environments: [staging]"]),
          spec: { ticket: "INC-4711\n" },
        },
        [
          "ticket-invalid: `alice-orders` names ticket `INC-4711\\u{a}`, rule `dba-long` wants one that matches `^(INC|CHG)-[0-9]+$`; correct `ticket`",
        ],
      ],
    ];
    for (const [when, asked, messages] of rows) {
      it(`when ${when}, then it is said with what is allowed and what to do`, () => {
        const decision: Decision = ask(asked);
        assert.deepEqual(
          decision.violations.map(({ id, message }) => `${id}: ${message}`),
          messages,
        );
      });
    }
  });

  describe("times of a request", () => {
    const lapses = (activateBy: string | undefined, now: string) =>
      outcome(ask({ now, spec: { activateBy, duration: "PT30M" } }));

    it("when it is requested exactly now, then it is judged; a millisecond earlier it is not yet", () => {
      const spec = { requestedAt: NOW };
      assert.equal(outcome(ask({ now: NOW, spec })), "dba-short until 2026-11-24T10:45:00.000Z");
      assert.equal(outcome(ask({ now: later(NOW, -1), spec })), "null: request-not-yet");
    });

    it("when no activateBy is given, then it lapses activateWithin after requestedAt, to the millisecond", () => {
      assert.equal(lapses(undefined, "2026-11-25T08:59:59.999Z"), "dba-short until 2026-11-25T09:29:59.999Z");
      assert.equal(lapses(undefined, "2026-11-25T09:00:00.000Z"), "null: request-lapsed");
    });

    it("when activateBy is earlier, then it counts; when it is later than activateWithin, then that counts", () => {
      assert.equal(
        lapses("2026-11-24T12:00:00Z", "2026-11-24T11:59:59.999Z"),
        "dba-short until 2026-11-24T12:29:59.999Z",
      );
      assert.equal(lapses("2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z"), "null: request-lapsed");
      assert.equal(lapses("2026-11-28T12:00:00Z", "2026-11-25T09:00:00Z"), "null: request-lapsed");
    });

    it("when it starts later, then it is judged at its start and lapses activateWithin after it", () => {
      const spec = { startAt: "2026-11-24T18:00:00Z" };
      assert.equal(outcome(ask({ now: NOW, spec })), "dba-short until 2026-11-24T18:45:00.000Z");
      assert.equal(ask({ now: NOW, spec }).activatesAt, "2026-11-24T18:00:00.000Z");
      assert.equal(outcome(ask({ now: "2026-11-25T17:59:59.999Z", spec })), "dba-short until 2026-11-25T18:44:59.999Z");
      assert.equal(outcome(ask({ now: "2026-11-25T18:00:00Z", spec })), "null: request-lapsed");
    });

    it("when it starts before it was requested, then it starts now and lapses as if it had no start", () => {
      const spec = { startAt: "2026-11-01T00:00:00Z" };
      assert.equal(outcome(ask({ now: NOW, spec })), "dba-short until 2026-11-24T10:45:00.000Z");
      assert.equal(outcome(ask({ now: "2026-11-25T09:00:00Z", spec })), "null: request-lapsed");
    });

    it("when it starts exactly startWithin after it was requested, then it may; a millisecond later it may not", () => {
      const startAt = "2026-12-01T09:00:00Z";
      assert.equal(outcome(ask({ now: NOW, spec: { startAt } })), "dba-short until 2026-12-01T09:45:00.000Z");
      assert.equal(outcome(ask({ now: NOW, spec: { startAt: later(startAt, 1) } })), "null: start-too-late");
    });

    it("when the provider asks for times, target and login, then it gets those that decide() used", () => {
      const { policy, directory } = readJudge({ file: "p.yaml", text: POLICY }, { file: "d.yaml", text: DIRECTORY });
      const request = aRequest({ startAt: "2026-11-24T18:00:00Z", activateBy: "2026-11-24T19:00:00+00:30" });
      assert.equal(formatInstant(activateByOf(policy.value, request)), "2026-11-24T18:30:00.000Z");
      assert.equal(startAtOf(request), at("2026-11-24T18:00:00Z"));
      assert.equal(startAtOf(aRequest()), null);
      const target = { kind: "postgres", connection: "orders-production", role: "orders_admin" };
      assert.deepEqual(targetOf(policy.value, request), target);
      assert.equal(targetOf(policy.value, aRequest({ role: "constructor" })), null);
      assert.equal(identityOf(directory.value, "alice@example.com", "postgres"), "alice");
      assert.equal(identityOf(directory.value, "carol@example.com", "postgres"), null);
      assert.equal(identityOf(directory.value, "alice@example.com", "constructor"), null);
    });
  });

  describe("duration", () => {
    const short = (duration: string | undefined, ...edits: (readonly [string, string])[]) =>
      outcome(
        ask({ now: "2026-11-28T10:00:00Z", policy: edit(POLICY, ...edits), spec: { requestedAt: NOW_SAT, duration } }),
      );
    const NOW_SAT = "2026-11-28T09:30:00Z";

    it("when it is exactly `min` or `max`, then it is allowed", () => {
      assert.equal(short("PT1M"), "dba-short until 2026-11-28T10:01:00.000Z");
      assert.equal(short("PT59.999S"), "dba-short: duration-too-short");
      assert.equal(short("PT1H"), "dba-short until 2026-11-28T11:00:00.000Z");
      assert.equal(short("PT1H0.001S"), "dba-short: duration-too-long");
    });

    it("when it is absent, then it is the default, else the effective max", () => {
      assert.equal(short(undefined), "dba-short until 2026-11-28T10:30:00.000Z");
      assert.equal(short(undefined, ["default: PT30M, ", ""]), "dba-short until 2026-11-28T11:00:00.000Z");
      const capped = ["maxDuration: PT8H", "maxDuration: PT40M"] as const;
      assert.equal(short(undefined, ["default: PT30M, ", ""], capped), "dba-short until 2026-11-28T10:40:00.000Z");
      assert.equal(short(undefined, ["default: PT30M", "default: PT50M"], capped), "dba-short: duration-too-long");
    });

    it("when a rule clamps, then a longer one becomes the effective max", () => {
      const clamp = ["clamp: false", "clamp: true"] as const;
      assert.equal(short("P9D", clamp), "dba-short until 2026-11-28T11:00:00.000Z");
      const capped = ["maxDuration: PT8H", "maxDuration: PT30S"] as const;
      assert.equal(short("PT2H", clamp, capped), "dba-short until 2026-11-28T10:00:30.000Z");
      assert.equal(short("PT45S", clamp, capped), "dba-short: duration-too-short");
    });

    it("when a default is above `max`, then it is too long, or clamped", () => {
      const above = ["default: PT30M", "default: PT2H"] as const;
      assert.equal(short(undefined, above), "dba-short: duration-too-long");
      assert.equal(short("PT1H", above), "dba-short until 2026-11-28T11:00:00.000Z");
      assert.equal(
        short(undefined, above, ["clamp: false", "clamp: true"]),
        "dba-short until 2026-11-28T11:00:00.000Z",
      );
    });

    it("when a default is below `min`, then it is too short", () => {
      assert.equal(short(undefined, ["min: PT1M", "min: PT45M"]), "dba-short: duration-too-short");
      assert.equal(short("PT45M", ["min: PT1M", "min: PT45M"]), "dba-short until 2026-11-28T10:45:00.000Z");
    });

    it("when `min` is above `max`, then everything is too short or too long, unless the rule clamps", () => {
      const apart = ["min: PT1M, default: PT30M, max: PT1H", "min: PT2H, max: PT1H"] as const;
      assert.equal(short("PT1H", apart), "dba-short: duration-too-short");
      const alone = [
        "environments: [production]\n    duration: { max",
        "environments: [staging]\n    duration: { max",
      ] as const;
      assert.equal(short("PT90M", apart, alone), "dba-short: duration-too-short, duration-too-long");
      assert.equal(short("PT2H0.001S", apart, alone), "dba-short: duration-too-long");
      assert.equal(short("PT2H", apart), "dba-short: duration-too-long");
      assert.equal(short(undefined, apart), "dba-short: duration-too-short");
      assert.equal(short("PT2H", apart, ["clamp: false", "clamp: true"]), "dba-short until 2026-11-28T11:00:00.000Z");
    });

    it("when `max` is below a minute and `min` is absent, then everything is too short or too long", () => {
      const brief = ["min: PT1M, default: PT30M, max: PT1H", "max: PT30S"] as const;
      assert.equal(short(undefined, brief), "dba-short: duration-too-short");
      assert.equal(short("PT30S", brief), "dba-short: duration-too-short");
      assert.equal(short("PT1M", brief), "dba-short: duration-too-long");
    });

    it("when `min` is absent, then it is a minute", () => {
      assert.equal(short("PT59S", ["min: PT1M, ", ""]), "dba-short: duration-too-short");
      assert.equal(short("PT20S", ["min: PT1M", "min: PT20S"]), "dba-short until 2026-11-28T10:00:20.000Z");
    });
  });

  describe("reason", () => {
    const judged = (reason: string, min = 10) =>
      outcome(ask({ now: NOW, policy: edit(POLICY, ["minLength: 10 }", `minLength: ${min} }`]), spec: { reason } }));

    it("when it has White_Space around, then only what is between counts, in code points", () => {
      assert.equal(judged("\u0085\u2003 12345678 \u00a0\u3000"), "dba-short: reason-insufficient");
      assert.equal(judged("1234567890"), "dba-short until 2026-11-24T10:45:00.000Z");
      assert.equal(judged("😀😀😀😀😀"), "dba-short: reason-insufficient");
      assert.equal(judged("😀😀😀😀😀😀😀😀😀😀"), "dba-short until 2026-11-24T10:45:00.000Z");
    });

    it("when units of UTF-16 stand alone or in pairs, then a pair is one", () => {
      const counted: Readonly<Record<string, number>> = {
        "": 0,
        a: 1,
        aa: 2,
        "\u{10000}": 1,
        "\u{103ff}": 1,
        "\u{10fc00}": 1,
        "\u{10ffff}": 1,
        "a\u{1f600}b": 3,
        "\ud7ff\udc00": 2,
        "\ue000\udc00": 2,
        "\ud83d\udbff": 2,
        "\ud83d\ue000": 2,
        "\ud83dx": 2,
        "x\ude00": 2,
        "\ud83d": 1,
        "\ude00": 1,
        "\ude00\ud83d": 2,
        "\ud83d\ud83d\ude00\ude00": 3,
      };
      const { policy, directory } = readJudge(
        { file: "elevation.yaml", text: edit(POLICY, ["reason: { minLength: 10 }", "reason: { minLength: 100 }"]) },
        { file: "directory.yaml", text: DIRECTORY },
        "study",
      );
      for (const [reason, count] of Object.entries(counted)) {
        // Half a pair never comes out of a file: the request is made by hand.
        const request = aRequest();
        const asked = { ...request, spec: { ...request.spec, reason } };
        const { violations } = decide(policy.value, directory.value, asked, asNew(at(NOW)));
        const [seen] = violations.filter(({ id }) => id === "reason-insufficient").map(({ observed }) => observed);
        assert.equal(seen, `${count}`, JSON.stringify(reason));
      }
    });

    it("when it has a byte order mark at its end, then that is no White_Space and counts", () => {
      assert.equal(judged("123456789\ufeff"), "dba-short until 2026-11-24T10:45:00.000Z");
    });

    it("when a pattern is given, then it looks at the reason as written", () => {
      const policy = edit(POLICY, ["reason: { minLength: 10 }", 'reason: { matches: "^ x" }']);
      assert.equal(
        outcome(ask({ now: NOW, policy, spec: { reason: " x" } })),
        "dba-short until 2026-11-24T10:45:00.000Z",
      );
      assert.equal(outcome(ask({ now: NOW, policy, spec: { reason: "x" } })), "dba-short: reason-insufficient");
    });
  });

  describe("who", () => {
    const bob = (who: string, now = NOW) =>
      outcome(
        ask({
          now,
          policy: edit(POLICY, ["who: { jobFunctions: [dba] }", `who: ${who}`]),
          spec: { requester: "bob@example.com", requestedAt: now },
        }),
      );

    it("when any of its lists matches, then it matches", () => {
      assert.equal(
        bob("{ jobFunctions: [dba], people: [bob@example.com] }"),
        "dba-short until 2026-11-24T10:45:00.000Z",
      );
      assert.equal(bob("everyone"), "dba-short until 2026-11-24T10:45:00.000Z");
      assert.equal(bob("{ people: [carol@example.com] }"), "null: not-eligible");
    });

    it("when somebody is on call, then it matches within the duty, to the millisecond", () => {
      const who = "{ onCall: [orders] }";
      assert.equal(bob(who, "2026-11-22T23:59:59.999Z"), "null: not-eligible");
      assert.equal(bob(who, "2026-11-23T00:00:00.000Z"), "dba-short until 2026-11-23T00:45:00.000Z");
      assert.equal(bob(who, "2026-11-29T23:59:59.999Z"), "dba-short until 2026-11-30T00:44:59.999Z");
      assert.equal(bob(who, "2026-11-30T00:00:00.000Z"), "null: not-eligible");
    });

    it("when somebody is on call twice, then it matches within each duty; of a schedule that doesn't exist nobody is", () => {
      const twice = edit(DIRECTORY, [
        "onCall:\n  orders:\n",
        "onCall:\n  orders:\n    - { person: bob@example.com, from: 2026-12-07T00:00:00Z, to: 2026-12-14T00:00:00Z }\n",
      ]);
      const judged = (schedule: string, now: string) =>
        outcome(
          ask({
            now,
            policy: edit(POLICY, ["who: { jobFunctions: [dba] }", `who: { onCall: [${schedule}] }`]),
            directory: twice,
            spec: { requester: "bob@example.com", requestedAt: now },
          }),
        );
      assert.equal(judged("orders", "2026-11-29T10:00:00Z"), "dba-short until 2026-11-29T10:45:00.000Z");
      assert.equal(judged("orders", "2026-12-01T10:00:00Z"), "null: not-eligible");
      assert.equal(judged("orders", "2026-12-08T10:00:00Z"), "dba-short until 2026-12-08T10:45:00.000Z");
      assert.equal(judged("gone", "2026-12-08T10:00:00Z"), "null: not-eligible");
    });

    it("when a job function includes others, at any distance, then their people have it", () => {
      const directory = edit(DIRECTORY, ["sre: {}", "sre: { includes: [all-dba] }\n  all-dba: { includes: [dba] }"]);
      const policy = edit(POLICY, ["who: { jobFunctions: [dba] }", "who: { jobFunctions: [sre] }"]);
      assert.equal(outcome(ask({ now: NOW, policy, directory })), "dba-short until 2026-11-24T10:45:00.000Z");
      const leads = edit(POLICY, ["who: { jobFunctions: [dba] }", "who: { jobFunctions: [dba-lead] }"]);
      // Included is not including: whoever is in dba is not a dba-lead for it.
      assert.equal(
        outcome(ask({ now: "2026-11-28T10:00:00Z", policy: leads, spec: { requestedAt: "2026-11-28T09:00:00Z" } })),
        "dba-long: outside-hours",
      );
    });
  });

  describe("rules", () => {
    it("when several candidates have violations, then the one with the fewest different ids speaks, the first of equals", () => {
      // dba-short: too long. dba-long: reason twice (one id). Equal: the first.
      const policy = edit(POLICY, [
        'reason: { minLength: 10, matches: "INC" }',
        'reason: { minLength: 90, matches: "CHG" }',
      ]);
      assert.equal(outcome(ask({ now: NOW, policy, spec: { duration: "PT2H" } })), "dba-short: duration-too-long");
      // dba-short now has two ids, dba-long still one, said twice.
      const harder = edit(policy, ["reason: { minLength: 10 }", "reason: { minLength: 91 }"]);
      assert.equal(
        outcome(ask({ now: NOW, policy: harder, spec: { duration: "PT2H" } })),
        "dba-long: reason-insufficient, reason-insufficient",
      );
    });

    it("when a later rule allows, then it does, whatever the earlier ones say", () => {
      assert.equal(outcome(ask({ now: NOW, spec: { duration: "PT2H" } })), "dba-long until 2026-11-24T12:00:00.000Z");
    });

    it("when a person lacks everything, then all of it is said at once", () => {
      const now = "2026-12-24T10:00:00Z";
      const spec = { requester: "carol@example.com", requestedAt: now };
      assert.equal(outcome(ask({ now, spec })), "null: denied, not-eligible, no-identity");
    });

    it("when several deny rules match, then each is named, and the allow rule that would allow still speaks", () => {
      const policy = edit(POLICY, [
        "requests:",
        "  - { id: never, effect: deny, who: { people: [alice@example.com] }, roles: [orders-admin], environments: [production] }\nrequests:",
      ]);
      const decision = ask({ now: "2026-12-24T10:00:00Z", policy, spec: { requestedAt: "2026-12-24T09:00:00Z" } });
      assert.deepEqual(
        [decision.rule, decision.violations.map(({ rule }) => rule)],
        ["dba-short", ["freeze", "never"]],
      );
    });
  });

  describe("deny rules cut", () => {
    const DURING = "during: { from: 2026-12-20T00:00:00Z, to: 2027-01-02T00:00:00Z }";
    const freeze = (now: string, times = DURING) => {
      const policy = edit(POLICY, [DURING, times]);
      return outcome(ask({ now, policy, spec: { requestedAt: now } }));
    };

    it("when a window that denies begins within a grant, then the grant ends there, to the millisecond", () => {
      assert.equal(freeze("2026-12-19T23:15:00.000Z"), "dba-short until 2026-12-20T00:00:00.000Z");
      assert.equal(freeze("2026-12-19T23:15:00.001Z"), "dba-short until 2026-12-20T00:00:00.000Z");
      assert.equal(freeze("2026-12-19T23:59:59.999Z"), "dba-short until 2026-12-20T00:00:00.000Z");
      assert.equal(freeze("2026-12-20T00:00:00.000Z"), "dba-short: denied");
      assert.equal(freeze("2027-01-01T23:59:59.999Z"), "dba-short: denied");
      assert.equal(freeze("2027-01-02T00:00:00.000Z"), "dba-short until 2027-01-02T00:45:00.000Z");
    });

    it("when hours deny, then their next opening cuts", () => {
      const nights = 'hours: { zone: Europe/Berlin, days: [tue], from: "22:00", to: "06:00" }';
      assert.equal(freeze("2026-11-24T20:30:00Z", nights), "dba-short until 2026-11-24T21:00:00.000Z");
      assert.equal(freeze("2026-11-24T21:00:00Z", nights), "dba-short: denied");
      assert.equal(freeze("2026-11-25T04:59:59.999Z", nights), "dba-short: denied");
      assert.equal(freeze("2026-11-25T05:00:00Z", nights), "dba-short until 2026-11-25T05:45:00.000Z");
    });

    it("when hours and during deny, then only where both do", () => {
      const both =
        'during: { from: 2026-11-24T21:30:00Z, to: 2026-11-25T22:00:00Z }\n    hours: { zone: UTC, days: [tue, wed], from: "21:00", to: "23:00" }';
      assert.equal(freeze("2026-11-24T21:00:00Z", both), "dba-short until 2026-11-24T21:30:00.000Z");
      assert.equal(freeze("2026-11-24T22:59:59.999Z", both), "dba-short: denied");
      assert.equal(freeze("2026-11-24T23:00:00Z", both), "dba-short until 2026-11-24T23:45:00.000Z");
      assert.equal(freeze("2026-11-25T20:30:00Z", both), "dba-short until 2026-11-25T21:00:00.000Z");
      assert.equal(freeze("2026-11-25T22:00:00Z", both), "dba-short until 2026-11-25T22:45:00.000Z");
      // Where the hours open as the other ends, neither instant is in both.
      const touching =
        'during: { from: 2026-11-24T21:00:00Z, to: 2026-11-24T22:00:00Z }\n    hours: { zone: UTC, days: [tue], from: "22:00", to: "23:00" }';
      assert.equal(freeze("2026-11-24T21:30:00Z", touching), "dba-short until 2026-11-24T22:15:00.000Z");
    });

    it("when it is denied, then it says until when: the end of its day or its window, the earlier of both, if any is in sight", () => {
      const until = (times: string, now: string) => {
        const decision = ask({ now, policy: edit(POLICY, [DURING, times]), spec: { requestedAt: now } });
        const { limit } = decision.violations.find(({ id }) => id === "denied") ?? assert.fail(outcome(decision));
        return limit;
      };
      const hours = (days: string, from = "00:00", to = "24:00") =>
        `hours: { zone: UTC, days: [${days}], from: "${from}", to: "${to}" }`;
      const tuesday = hours("tue", "08:00", "20:00");
      assert.equal(until(tuesday, "2026-11-24T08:00:00Z"), "2026-11-24T20:00:00.000Z");
      assert.equal(until(tuesday, "2026-11-24T19:59:59.999Z"), "2026-11-24T20:00:00.000Z");
      const weekdays = hours("mon, tue, wed, thu, fri");
      assert.equal(until(weekdays, "2026-11-24T10:00:00Z"), "2026-11-28T00:00:00.000Z");
      const during = (to: string) => `during: { from: 2026-11-24T00:00:00Z, to: ${to} }`;
      assert.equal(
        until(`${during("2026-11-26T12:00:00Z")}\n    ${weekdays}`, "2026-11-24T10:00:00Z"),
        "2026-11-26T12:00:00.000Z",
      );
      assert.equal(
        until(`${during("2026-12-26T12:00:00Z")}\n    ${weekdays}`, "2026-11-24T10:00:00Z"),
        "2026-11-28T00:00:00.000Z",
      );
      const always = hours("mon, tue, wed, thu, fri, sat, sun");
      assert.equal(until(always, "2026-11-24T10:00:00Z"), null);
      // 400 days later is the end of a day; that is not in sight either.
      assert.equal(until(always, "2026-11-24T00:00:00Z"), null);
      assert.equal(
        until(`${during("2026-12-26T12:00:00Z")}\n    ${always}`, "2026-11-24T10:00:00Z"),
        "2026-12-26T12:00:00.000Z",
      );
    });

    it("when the person is on call only later, then a rule for those on call does not cut", () => {
      const onCall = edit(
        POLICY,
        ["who: everyone", "who: { onCall: [orders] }"],
        [`    ${DURING}\n`, ""],
        ["who: { jobFunctions: [dba] }", "who: everyone"],
      );
      const now = "2026-11-22T23:30:00Z";
      const spec = { requester: "bob@example.com", requestedAt: now };
      assert.equal(outcome(ask({ now, policy: onCall, spec })), "dba-short until 2026-11-23T00:15:00.000Z");
    });

    it("when a held rule closes and a deny rule begins, then the earlier of both cuts", () => {
      const times = "during: { from: 2026-11-24T18:30:00Z, to: 2026-11-24T19:30:00Z }";
      const long = (policy: string) =>
        outcome(ask({ now: "2026-11-24T17:30:00Z", policy, spec: { duration: "PT3H" } }));
      assert.equal(long(POLICY), "dba-long until 2026-11-24T19:00:00.000Z");
      assert.equal(long(edit(POLICY, [DURING, times])), "dba-long until 2026-11-24T18:30:00.000Z");
    });

    it("when a cut leaves less than `min`, then it is allowed all the same", () => {
      assert.equal(freeze("2026-12-19T23:59:59.000Z"), "dba-short until 2026-12-20T00:00:00.000Z");
    });
  });
});
