// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type Approval, type DecisionContext, digestOf, roleDigestOf } from "@elevation/domain";
import { fillersOf } from "@elevation/domain/dist/approvals";
import type { CompiledLeaf } from "@elevation/domain/dist/compiled-policy";
import { compileWho } from "@elevation/domain/dist/compiled-who";
import { aPolicy, aRule, ask, at, aVerdict, edit, messages, outcome, TEAM } from "./documents";

const NOW = "2026-11-24T10:00:00Z";
const ALLOWED = "dba until 2026-11-24T10:45:00.000Z";
const MISSING = "dba: approvals-missing";
const LEAD = { from: { jobFunctions: ["dba-lead"] }, count: 1 };
const SECURITY = { from: { jobFunctions: ["security"] }, count: 1 };
const BOTH = { all: [LEAD, SECURITY] };

interface Given {
  readonly now?: string;
  readonly directory?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly context?: Partial<DecisionContext>;
  readonly rule?: Readonly<Record<string, unknown>>;
}

function asked(approvals: unknown, verdicts: readonly Approval[], given: Given = {}) {
  const { now = NOW, directory = TEAM, spec = {}, context = {}, rule = {} } = given;
  const policy = aPolicy({ approvals, ...rule });
  return ask({ now, policy, directory, spec, context: { approvals: verdicts, ...context } });
}

const judged = (...given: Parameters<typeof asked>) => outcome(asked(...given));
const onlyOf = (...names: string[]) => ({ from: { people: names.map((name) => `${name}@example.com`) }, count: 1 });
const reject = (who: string, verdict: Partial<Approval> = {}) => aVerdict(who, { verdict: "reject", ...verdict });

describe("approvals", () => {
  it("when a demand is met, then it is allowed, and the report says by whom", () => {
    const decision = asked(BOTH, [aVerdict("sam"), aVerdict("lea")]);
    assert.equal(outcome(decision), ALLOWED);
    assert.deepEqual(decision.approvals, {
      required: ["1 of dba-lead", "1 of security"],
      given: ["lea@example.com", "sam@example.com"],
      missing: [],
    });
  });

  it("when nobody approved, then it says whom it needs", () => {
    const decision = asked(BOTH, []);
    assert.deepEqual(messages(decision), [
      "approvals-missing: `alice-orders` needs approvals for rule `dba`, 1 of `dba-lead` and 1 of `security`, and has none that counts; let 1 of dba-lead and 1 of security approve it",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual([observed, limit, path, rule], [null, "1 of dba-lead, 1 of security", "", "dba"]);
    assert.deepEqual(decision.approvals.missing, ["1 of dba-lead", "1 of security"]);
  });

  it("when some approved, then it says who did and who has yet to", () => {
    const any = {
      any: [{ from: { people: ["sam@example.com"] }, count: 1 }, { all: [LEAD, { from: "everyone", count: 2 }] }],
    };
    assert.deepEqual(messages(asked({ all: [LEAD, any] }, [aVerdict("lea")])), [
      "approvals-missing: `alice-orders` needs approvals for rule `dba`, 1 of `dba-lead` and (1 of `sam@example.com` or (1 of `dba-lead` and 2 of everyone)), and has that of `lea@example.com`; let 1 of sam@example.com approve it too",
    ]);
    const onCall = { from: { jobFunctions: ["dba-lead"], onCall: ["orders"] }, count: 2 };
    assert.deepEqual(messages(asked(onCall, [aVerdict("lea")])), [
      "approvals-missing: `alice-orders` needs approvals for rule `dba`, 2 of `dba-lead` or on call in `orders`, and has that of `lea@example.com`; let 1 of dba-lead or on call in orders approve it too",
    ]);
  });

  it("when signatures can't be verified, then none counts and it says so", () => {
    assert.deepEqual(messages(asked(BOTH, [], { context: { approvals: null } })), [
      "approvals-missing: `alice-orders` needs approvals for rule `dba`, 1 of `dba-lead` and 1 of `security`; this version verifies no signatures, so none counts: ask whoever keeps the policy",
    ]);
  });

  describe("places are filled by different people", () => {
    const rows: readonly (readonly [string, unknown, readonly string[], boolean])[] = [
      ["one person fits both places", BOTH, ["pat"], false],
      ["one fits both and another the first", BOTH, ["pat", "lea"], true],
      ["one fits both and another the second", BOTH, ["sam", "pat"], true],
      ["a leaf of two has one", { ...LEAD, count: 2 }, ["lea"], false],
      ["a leaf of two has two", { ...LEAD, count: 2 }, ["lea", "pat"], true],
      ["two of a kind and the one who is both", { all: [{ ...LEAD, count: 2 }, SECURITY] }, ["lea", "pat"], false],
      ["places move up in a chain", { all: [{ ...LEAD, count: 2 }, SECURITY] }, ["lea", "pat", "sam"], true],
      [
        "whoever fills the first place is wanted for the second",
        { all: [{ from: "everyone", count: 1 }, LEAD] },
        ["lea", "sam"],
        true,
      ],
      [
        "three must move up, one after the other",
        { all: [onlyOf("lea", "pat"), onlyOf("pat", "sam"), onlyOf("lea")] },
        ["lea", "pat", "sam"],
        true,
      ],
      [
        "three must move up, and the last has nowhere to go",
        { all: [onlyOf("lea", "pat"), onlyOf("pat"), onlyOf("lea")] },
        ["lea", "pat", "sam"],
        false,
      ],
      [
        "one moved up, and is wanted by two who take nobody else",
        { all: [onlyOf("lea", "pat", "tess"), onlyOf("pat", "sam"), onlyOf("lea"), onlyOf("lea")] },
        ["lea", "pat", "sam", "tess"],
        false,
      ],
      [
        "a leaf of two has one and another must move up for its second",
        { all: [onlyOf("lea", "sam"), { ...LEAD, count: 2 }] },
        ["lea", "pat", "sam"],
        true,
      ],
      ["any: the first branch", { any: [LEAD, SECURITY] }, ["lea"], true],
      ["any: the second branch", { any: [LEAD, SECURITY] }, ["sam"], true],
      ["any: neither", { any: [LEAD, SECURITY] }, ["olga"], false],
      [
        "all of two choices, one person",
        { all: [{ any: [LEAD, SECURITY] }, { any: [LEAD, SECURITY] }] },
        ["pat"],
        false,
      ],
      [
        "all of two choices, two people",
        { all: [{ any: [LEAD, SECURITY] }, { any: [LEAD, SECURITY] }] },
        ["pat", "lea"],
        true,
      ],
      [
        "an early choice must be taken back for a later demand",
        {
          all: [
            { any: [LEAD, { from: { people: ["olga@example.com"] }, count: 1 }] },
            { from: { people: ["pat@example.com"] }, count: 1 },
          ],
        },
        ["pat", "olga"],
        true,
      ],
      [
        "any of all: neither is whole",
        { any: [{ all: [LEAD, SECURITY] }, { all: [LEAD, { from: { onCall: ["orders"] }, count: 1 }] }] },
        ["lea"],
        false,
      ],
      [
        "any of all: the second is whole",
        { any: [{ all: [LEAD, SECURITY] }, { all: [LEAD, { from: { onCall: ["orders"] }, count: 1 }] }] },
        ["lea", "olga"],
        true,
      ],
      ["everyone", { from: "everyone", count: 3 }, ["lea", "sam", "tess"], true],
      ["everyone, less one", { from: "everyone", count: 3 }, ["lea", "sam"], false],
    ];
    for (const [name, demand, people, isMet] of rows) {
      it(`when ${name}, then it is ${isMet ? "met" : "missing"}, whatever the order of the verdicts`, () => {
        const verdicts = people.map((who) => aVerdict(who));
        assert.equal(judged(demand, verdicts), isMet ? ALLOWED : MISSING);
        assert.equal(judged(demand, [...verdicts].reverse()), isMet ? ALLOWED : MISSING);
      });
    }
  });

  it("when the requester, somebody outside of the directory, or a name that every object inherits approves, then it counts for nothing", () => {
    const demand = { from: "everyone", count: 1 };
    for (const who of ["alice", "zoe"]) {
      assert.equal(judged(demand, [aVerdict(who)]), MISSING);
      assert.equal(judged(demand, [reject(who), aVerdict("lea")]), ALLOWED);
    }
    assert.equal(judged(demand, [aVerdict("lea", { approver: "constructor" })]), MISSING);
  });

  it("when it was given before the request or in the future, then it counts for nothing, to the millisecond", () => {
    const given = (text: string, milliseconds: number) =>
      judged(LEAD, [aVerdict("lea", { at: at(text) + milliseconds })]);
    assert.equal(given("2026-11-24T09:00:00Z", 0), ALLOWED);
    assert.equal(given("2026-11-24T09:00:00Z", -1), MISSING);
    assert.equal(given(NOW, 0), ALLOWED);
    assert.equal(given(NOW, 1), MISSING);
    const reject1 = (milliseconds: number) =>
      judged(LEAD, [aVerdict("lea"), reject("pat", { at: at(NOW) + milliseconds })]);
    assert.equal(reject1(0), "dba: rejected");
    assert.equal(reject1(1), ALLOWED);
  });

  it("when approvalsValidFor is given, then an approve counts until just before it is over, and a reject for ever", () => {
    const rule = { approvalsValidFor: "PT30M" };
    const given = (milliseconds: number, verdict: Partial<Approval> = {}) =>
      judged(LEAD, [aVerdict("lea", { at: at(NOW) - 1_800_000 + milliseconds, ...verdict })], { rule });
    assert.equal(given(1), ALLOWED);
    assert.equal(given(0), MISSING);
    assert.equal(given(-1), MISSING);
    assert.equal(given(-1, { verdict: "reject" }), "dba: approvals-missing, rejected");
    // A later start doesn't outdate it: approvals are judged now.
    assert.equal(
      judged(LEAD, [aVerdict("lea")], {
        rule: { approvalsValidFor: "PT1H" },
        spec: { startAt: "2026-11-24T18:00:00Z" },
      }),
      "dba until 2026-11-24T18:45:00.000Z",
    );
  });

  describe("the latest verdict of a person counts", () => {
    const early = { at: at("2026-11-24T09:15:00Z") };
    const rows: readonly (readonly [string, readonly Approval[], string])[] = [
      ["an approve after a reject", [reject("lea", early), aVerdict("lea")], ALLOWED],
      ["a reject after an approve", [aVerdict("lea", early), reject("lea")], "dba: approvals-missing, rejected"],
      ["both at one instant", [reject("lea"), aVerdict("lea")], "dba: approvals-missing, rejected"],
      [
        "an approve that ran out after a reject",
        [reject("lea", early), aVerdict("lea", { at: at("2026-11-24T09:20:00Z") })],
        MISSING,
      ],
      ["a valid approve after one that ran out", [aVerdict("lea", early), aVerdict("lea")], ALLOWED],
      ["a narrower approve after a wide one", [aVerdict("lea", early), aVerdict("lea", { upTo: 60_000 })], MISSING],
      ["a narrow and a wide approve at one instant", [aVerdict("lea"), aVerdict("lea", { upTo: 60_000 })], MISSING],
      [
        "two approves of two roles at one instant",
        [aVerdict("lea"), aVerdict("lea", { role: digestOf("another") })],
        MISSING,
      ],
    ];
    for (const [name, verdicts, expected] of rows) {
      it(`when there is ${name}, then it is ${expected}, whatever the order of the list`, () => {
        const given = { rule: { approvalsValidFor: "PT35M" } };
        assert.equal(judged(LEAD, verdicts, given), expected);
        assert.equal(judged(LEAD, [...verdicts].reverse(), given), expected);
      });
    }
  });

  it("when somebody is on call, then at the instant of the verdict, not of the access", () => {
    const demand = { from: { onCall: ["orders"] }, count: 1 };
    const given = (text: string, milliseconds = 0) =>
      judged(demand, [aVerdict("olga", { at: at(text) + milliseconds })], { now: "2026-11-24T12:00:00Z" });
    const allowed = "dba until 2026-11-24T12:45:00.000Z";
    assert.equal(given("2026-11-24T09:30:00Z"), allowed);
    assert.equal(given("2026-11-24T09:30:00Z", -1), MISSING);
    assert.equal(given("2026-11-24T10:30:00Z", -1), allowed);
    assert.equal(given("2026-11-24T10:30:00Z"), MISSING);
    const rejected = (text: string) =>
      judged({ any: [demand, SECURITY] }, [aVerdict("sam"), reject("olga", { at: at(text) })], {
        now: "2026-11-24T12:00:00Z",
      });
    assert.equal(rejected("2026-11-24T10:29:59.999Z"), "dba: rejected");
    assert.equal(rejected("2026-11-24T10:30:00Z"), allowed);
  });

  it("when the role means something else today, then an approve of what it meant counts for nothing, and a reject does", () => {
    const role = roleDigestOf(JSON.parse(aPolicy()), "orders-admin", "production") ?? assert.fail();
    assert.equal(
      role,
      digestOf({
        role: "orders-admin",
        environment: "production",
        target: { kind: "postgres", connection: "orders", role: "admin" },
      }),
    );
    const other = roleDigestOf(JSON.parse(aPolicy()), "orders-admin", "staging") ?? assert.fail();
    assert.equal(judged(LEAD, [aVerdict("lea", { role })]), ALLOWED);
    assert.equal(judged(LEAD, [aVerdict("lea", { role: other })]), MISSING);
    assert.equal(judged(LEAD, [aVerdict("lea"), reject("pat", { role: other })]), "dba: rejected");
  });

  it("when an approve is for less than the grant would last, after a clamp, then it counts for nothing", () => {
    const minutes = (count: number) => count * 60_000;
    assert.equal(judged(LEAD, [aVerdict("lea", { upTo: minutes(45) })]), ALLOWED);
    assert.equal(judged(LEAD, [aVerdict("lea", { upTo: minutes(45) - 1 })]), MISSING);
    const rule = { duration: { max: "PT20M", clamp: true } };
    const clamped = (upTo: number) => judged(LEAD, [aVerdict("lea", { upTo })], { rule });
    assert.equal(clamped(minutes(20)), "dba until 2026-11-24T10:20:00.000Z");
    assert.equal(clamped(minutes(20) - 1), MISSING);
    const standard = { rule: { duration: { max: "PT8H", default: "PT1H" } }, spec: { duration: undefined } };
    assert.equal(
      judged(LEAD, [aVerdict("lea", { upTo: minutes(60) })], standard),
      "dba until 2026-11-24T11:00:00.000Z",
    );
    assert.equal(judged(LEAD, [aVerdict("lea", { upTo: minutes(60) - 1 })], standard), MISSING);
  });

  it("when a forge brought a verdict, then it counts only where a leaf takes such", () => {
    const imported = { imported: true };
    assert.equal(judged(LEAD, [aVerdict("lea", imported)]), MISSING);
    assert.equal(judged({ ...LEAD, imported: true }, [aVerdict("lea", imported)]), ALLOWED);
    assert.equal(judged({ ...LEAD, imported: true }, [aVerdict("lea")]), ALLOWED);
    assert.equal(
      judged({ all: [{ ...LEAD, imported: true }, SECURITY] }, [aVerdict("lea", imported), aVerdict("sam", imported)]),
      MISSING,
    );
    // A reject that no leaf takes is nobody's.
    assert.equal(judged(LEAD, [aVerdict("lea"), reject("pat", imported)]), ALLOWED);
    assert.equal(judged({ ...LEAD, imported: true }, [aVerdict("lea"), reject("pat", imported)]), "dba: rejected");
    // Where imported ones don't count, an earlier signed one is still the latest.
    const after = { imported: true, at: at("2026-11-24T09:45:00Z") };
    assert.equal(judged(LEAD, [aVerdict("lea"), reject("lea", after)]), ALLOWED);
    assert.equal(
      judged({ ...LEAD, imported: true }, [aVerdict("lea"), reject("lea", after)]),
      "dba: approvals-missing, rejected",
    );
  });

  describe("rejected", () => {
    it("when somebody whom a leaf takes rejects, then it is denied although the demand is met, and says by whom and when", () => {
      const decision = asked(LEAD, [aVerdict("lea"), reject("pat")]);
      assert.equal(decision.rule, "dba");
      assert.deepEqual(messages(decision), [
        "rejected: `alice-orders` was rejected by `pat@example.com` at 2026-11-24T09:30:00.000Z; settle it with them and get their later approval, or write another request",
      ]);
      const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
      assert.deepEqual([observed, limit, path, rule], ["pat@example.com", null, "", null]);
    });

    it("when several do, then each is said once, whatever the order of the list and however many leaves take them", () => {
      const rejects = [reject("pat"), reject("lea")];
      for (const verdicts of [rejects, [...rejects].reverse()]) {
        const { violations } = asked({ any: [BOTH, LEAD, SECURITY] }, [aVerdict("sam"), ...verdicts]);
        assert.deepEqual(
          violations.map(({ observed }) => observed),
          ["lea@example.com", "pat@example.com"],
        );
      }
    });

    it("when nobody asked for their opinion, then it means nothing", () => {
      assert.equal(judged(LEAD, [aVerdict("lea"), reject("sam")]), ALLOWED);
      assert.equal(judged(undefined, [reject("sam")]), ALLOWED);
    });

    const others = (rule: Readonly<Record<string, unknown>>) =>
      aPolicy({}, { rules: [aRule(), aRule({ id: "other", approvals: SECURITY, ...rule })] });
    const withOther = (rule: Readonly<Record<string, unknown>>, spec = {}) =>
      outcome(ask({ now: NOW, policy: others(rule), directory: TEAM, spec, context: { approvals: [reject("sam")] } }));

    it("when a rule that is for others asks for them, then it counts; a rule of another role or environment doesn't", () => {
      assert.equal(withOther({ who: { people: ["olga@example.com"] } }), "dba: rejected");
      assert.equal(
        withOther({ who: { people: ["olga@example.com"] }, roles: "*", environments: "*" }),
        "dba: rejected",
      );
      assert.equal(withOther({ roles: ["ledger-auditor"] }), ALLOWED);
      assert.equal(withOther({ environments: ["staging"] }), ALLOWED);
    });

    it("when nobody may have it, then a rejection is said too", () => {
      assert.equal(withOther({}, { requester: "olga@example.com" }), "null: not-eligible, rejected");
    });

    it("when it is a break-glass request, then no rejection stops it", () => {
      const breakGlass = {
        who: "everyone",
        roles: "*",
        environments: "*",
        maxDuration: "PT1H",
        review: { from: "everyone", within: "PT24H" },
      };
      const policy = aPolicy({ approvals: LEAD }, { breakGlass });
      const context = { approvals: [reject("lea")] };
      assert.equal(
        outcome(ask({ now: NOW, policy, directory: TEAM, spec: { breakGlass: true }, context })),
        "breakGlass until 2026-11-24T10:45:00.000Z",
      );
    });
  });

  it("when whoever asked for somebody else approves or rejects, then it counts for nothing", () => {
    const proof = { by: "pat@example.com", how: "signature" } as const;
    const rule = { onBehalf: { people: ["pat@example.com"] } };
    const given = (verdicts: readonly Approval[]) =>
      outcome(
        ask({
          now: NOW,
          policy: edit(aPolicy({ approvals: LEAD, ...rule }), ['"proof":"none"', '"proof":"signature"']),
          directory: TEAM,
          context: { approvals: verdicts, proof },
        }),
      );
    assert.equal(given([aVerdict("pat")]), MISSING);
    assert.equal(given([aVerdict("lea")]), ALLOWED);
    assert.equal(given([aVerdict("lea"), reject("pat")]), ALLOWED);
  });

  it("when a demand is one leaf, then the report says it; a lone branch needs no brackets", () => {
    assert.deepEqual(asked(LEAD, []).approvals.required, ["1 of dba-lead"]);
    assert.deepEqual(asked({ all: [{ any: [BOTH] }, LEAD] }, []).approvals.required, [
      "1 of dba-lead and 1 of security",
      "1 of dba-lead",
    ]);
    assert.deepEqual(asked({ all: [{ any: [BOTH, LEAD] }] }, []).approvals.required, [
      "(1 of dba-lead and 1 of security) or 1 of dba-lead",
    ]);
  });

  it("when more people approved than it takes, then the first by name count, whatever the order of the list", () => {
    const everyone = [aVerdict("sam"), aVerdict("lea"), aVerdict("pat"), aVerdict("bob")];
    for (const verdicts of [everyone, [...everyone].reverse(), [...everyone.slice(1), ...everyone.slice(0, 1)]]) {
      const report = asked({ from: "everyone", count: 2 }, verdicts).approvals;
      assert.deepEqual(report.given, ["bob@example.com", "lea@example.com"]);
    }
  });

  it("when fewer people approved than a leaf takes, then those who fill other places move up, and fewer are missing", () => {
    const { given, missing } = asked(
      {
        all: [
          { from: "everyone", count: 1 },
          { ...LEAD, count: 3 },
        ],
      },
      [aVerdict("lea"), aVerdict("sam")],
    ).approvals;
    assert.deepEqual([given, missing], [["lea@example.com", "sam@example.com"], ["2 of dba-lead"]]);
  });

  it("when people fill places in another order than that of their names, then they are named in order", () => {
    const report = asked({ all: [SECURITY, LEAD] }, [aVerdict("sam"), aVerdict("lea")]).approvals;
    assert.deepEqual(report.given, ["lea@example.com", "sam@example.com"]);
  });

  it("when nothing is met of a choice, then the branch that lacks the fewest is named, the first of equals", () => {
    const twoLeads = { ...LEAD, count: 2 };
    const missing = (...branches: unknown[]) => asked({ any: branches }, []).approvals.missing;
    assert.deepEqual(missing(LEAD, SECURITY), ["1 of dba-lead"]);
    assert.deepEqual(missing(SECURITY, LEAD), ["1 of security"]);
    assert.deepEqual(missing(twoLeads, SECURITY), ["1 of security"]);
    assert.deepEqual(missing({ all: [SECURITY, LEAD] }, twoLeads, onlyOf("sam")), ["1 of sam@example.com"]);
  });

  it("when a forge brought several verdicts of one person, then the latest counts, whatever the order of the list", () => {
    const imported = { ...LEAD, imported: true };
    const early = aVerdict("lea", { imported: true, at: at("2026-11-24T09:30:00Z") });
    const late = reject("lea", { imported: true, at: at("2026-11-24T09:40:00Z") });
    for (const verdicts of [
      [early, late],
      [late, early],
    ]) {
      assert.equal(judged(imported, verdicts), "dba: approvals-missing, rejected");
    }
  });

  it("when one person approved twice at an instant, one of it what the role means today, then the shorter of both counts", () => {
    const role = roleDigestOf(JSON.parse(aPolicy()), "orders-admin", "production") ?? assert.fail();
    const [today, short] = [aVerdict("lea", { role }), aVerdict("lea", { upTo: 60_000 })];
    for (const verdicts of [
      [today, short],
      [short, today],
    ]) {
      assert.equal(judged(LEAD, verdicts), MISSING);
      assert.equal(judged(LEAD, verdicts, { spec: { duration: "PT1M" } }), "dba until 2026-11-24T10:01:00.000Z");
    }
  });

  describe("what a demand may cost", () => {
    const people = Array.from({ length: 400 }, (_, index) => `p${index}`);
    const jobs = Array.from({ length: 5 }, (_, index) => `j${index}`);
    const directory = (hasJob: (index: number) => readonly string[]) =>
      JSON.stringify({
        ...JSON.parse(TEAM),
        people: {
          ...JSON.parse(TEAM).people,
          ...Object.fromEntries(
            people.map((name, index) => {
              const jobFunctions = hasJob(index);
              return [`${name}@example.com`, jobFunctions.length === 0 ? {} : { jobFunctions }];
            }),
          ),
        },
        jobFunctions: { ...JSON.parse(TEAM).jobFunctions, ...Object.fromEntries(jobs.map((name) => [name, {}])) },
      });
    const leaf = (job: string | undefined, count = 1) => ({ from: { jobFunctions: [job] }, count });
    const all = people.map((who) => aVerdict(who));

    it("when a demand of many people is met, then it is found", () => {
      const demand = { all: [leaf("j0", 100), { from: "everyone", count: 300 }] };
      assert.equal(judged(demand, all, { directory: directory((index) => (index >= 300 ? ["j0"] : [])) }), ALLOWED);
      assert.equal(judged(demand, all, { directory: directory((index) => (index > 300 ? ["j0"] : [])) }), MISSING);
    });

    it("when a branch takes more people than approved, then it is left at once, whatever choices it has, for the next", () => {
      const choices = Array.from({ length: 60 }, () => ({ any: jobs.map((job) => leaf(job)) }));
      const fits = directory((index) => (index < 59 ? [jobs[index % 5] ?? ""] : []));
      const some = all.slice(0, 59);
      // Met by p1 for the choice: only a search finds that.
      const last = { all: [{ any: [onlyOf("p0"), onlyOf("p1")] }, onlyOf("p0")] };
      assert.equal(judged({ any: [{ all: choices }, last] }, some, { directory: fits }), ALLOWED);
      assert.equal(
        judged({ any: [{ all: [onlyOf("p0"), ...choices.slice(1)] }, last] }, some, { directory: fits }),
        ALLOWED,
      );
      const pairs = choices.slice(0, 30).map(({ any }) => ({ any: any.map((one) => ({ all: [one, { ...one }] })) }));
      assert.equal(judged({ any: [{ all: pairs }, last] }, some, { directory: fits }), ALLOWED);
    });

    it("when a search takes all the looks that it may, then it is met; with one more it isn't", () => {
      const from = compileWho("everyone");
      const place: CompiledLeaf = { kind: "leaf", from, count: 1, fewest: 1, takesImported: false };
      const [first, second, nobody, many] = [{ ...place }, { ...place }, { ...place }, { ...place }];
      const demand = {
        kind: "all",
        branches: [first, second, { kind: "any", branches: [nobody, many], fewest: 1 }],
        fewest: 3,
      } as const;
      // The second place is for whoever has the first, who moves up; the first branch of the choice is nobody's: 58 looks.
      const fillers = (count: number) => {
        const people = Array.from({ length: count }, (_, index) => `p${index}`);
        const fits = new Map<CompiledLeaf, readonly string[]>([
          [first, ["p0", "p1"]],
          [second, ["p0"]],
          [many, people],
        ]);
        return fillersOf(demand, (leaf) => fits.get(leaf) ?? [], count);
      };
      assert.deepEqual(fillers(100_000 - 58), ["p0", "p1", "p2"]);
      assert.equal(fillers(100_000 - 57), null);
    });

    it("when a demand has more choices than can be looked through, then it counts as not met, and soon", () => {
      const demand = { all: Array.from({ length: 60 }, () => ({ any: jobs.map((job) => leaf(job)) })) };
      const fits = directory((index) => (index < 59 ? [jobs[index % 5] ?? ""] : []));
      assert.equal(judged(demand, all, { directory: fits }), MISSING);
    });

    it("when a demand has thousands of leaves, then it is answered", () => {
      const demand = { all: Array.from({ length: 6000 }, () => leaf("j0")) };
      assert.equal(judged(demand, all, { directory: directory(() => ["j0"]) }), MISSING);
      const choices = { any: Array.from({ length: 2000 }, () => ({ all: [leaf("j0", 200), leaf("j1", 201)] })) };
      assert.equal(judged(choices, all, { directory: directory(() => ["j0", "j1"]) }), MISSING);
    });

    it("when a demand has more choices than can be compared, then the nearest of those that were is named", () => {
      const choices = Array.from({ length: 2000 }, () => ({ all: [leaf("j0", 200), leaf("j1", 203)] }));
      const missing = (branches: unknown[]) =>
        asked({ any: branches }, all, { directory: directory(() => ["j0", "j1"]) }).approvals.missing;
      assert.deepEqual(missing([...choices, leaf("j4")]), ["3 of j1"]);
      assert.deepEqual(missing([...choices.slice(0, 50), leaf("j4")]), ["1 of j4"]);
    });
  });
});
