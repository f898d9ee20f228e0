// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  type CaseRun,
  findPolicyTest,
  isDocumentError,
  readJudge,
  readPolicyTest,
  ruleCoverage,
  runCase,
} from "@elevation/domain";
import { DIRECTORY, edit, outcome, POLICY } from "./documents";

/** The digest of a request that is nobody's. */
const OTHER = `sha256:${"0".repeat(64)}`;

const TEST = `apiVersion: elevation/v1
kind: PolicyTest
policy: ../elevation.yaml
directory: ../directory.yaml
cases:
  - name: a dba gets what was asked for
    at: 2026-11-24T10:00:00Z
    request:
      requester: alice@example.com
      role: orders-admin
      environment: production
      reason: Rebuild the orders index
      duration: PT45M
    expect: { outcome: allow }
`;

describe("reading policy tests", () => {
  it("when a policy test stands in YAML or in JSON, then it is the same document", () => {
    const yaml = readPolicyTest({ file: "t.yaml", text: TEST });
    const json = readPolicyTest({ file: "t.json", text: JSON.stringify(yaml.value) });
    assert.deepEqual([json.value, json.digest], [yaml.value, yaml.digest]);
    assert.deepEqual(yaml.locate(["cases", 0]), { line: 6, column: 5 });
  });

  it("when a case holds everything that a case can hold, then it is read", () => {
    const { value } = readPolicyTest({
      file: "t.yaml",
      text: TEST.replace(
        "    expect: { outcome: allow }\n",
        `    approvals: [{ approver: stranger@example.org, verdict: reject, at: 2026-11-24T09:30:00+01:00 }]
    live:
      - { requester: bob@example.com, role: gone, environment: gone, activatedAt: 2026-11-24T09:00:00Z, expiresAt: 2026-11-24T09:30:00Z, rule: gone, request: this, extensions: 0, breakGlass: true, reviewedAt: 2026-11-24T09:10:00Z }
    history:
      - { requester: bob@example.com, role: gone, environment: gone, activatedAt: 2026-11-24T09:00:00Z, expiresAt: 2026-11-24T09:30:00Z, endedAt: 2026-11-24T09:20:00Z, rule: breakGlass, request: "${OTHER}" }
    expect: { outcome: deny, violations: [rejected, denied], rule: null, activatesAt: null, expiresAt: null }
`,
      ),
    });
    assert.equal(value.cases[0]?.live?.[0]?.request, "this");
  });

  it("when a case is at the first instant that can be written, then it was asked for at that instant", () => {
    const text = TEST.replace("2026-11-24T10:00:00Z", "0000-01-01T00:00:00Z");
    const [one] = readPolicyTest({ file: "t.yaml", text }).value.cases;
    const { directory, policy } = readJudge({ file: "p.yaml", text: POLICY }, { file: "d.yaml", text: DIRECTORY });
    assert.ok(one !== undefined);
    assert.equal(
      outcome(runCase(policy.value, directory.value, one).actual),
      "dba-short until 0000-01-01T00:45:00.000Z",
    );
  });

  it("when a policy test is bad, then all that is wrong is shown with line and column", () => {
    for (const [text, problems] of [
      [
        edit(TEST, ["kind: PolicyTest", "kind: Policy"]),
        ["2:7: the document is of kind `Policy`, and a PolicyTest is wanted here; give the file of one"],
      ],
      [
        `${TEST.split("cases:")[0]}cases: []\n`,
        ["5:8: `cases` is an empty list, which tests nothing; write at least one case"],
      ],
      [
        edit(
          TEST,
          ["policy: ../elevation.yaml", "policies: ../elevation.yaml"],
          ["at: 2026-11-24T10:00:00Z", "at: 2026-11-24T10:00:00"],
          ["duration: PT45M", "duration: P1M\n      breakGlass: true\n      startAt: 2026-11-24T10:00:00Z"],
          ["reason: Rebuild the orders index", 'reason: " "'],
          [
            "{ outcome: allow }",
            "{ outcome: denied, violations: [denyed, denied, denied], expires: 2026-11-24T10:00:00Z, rule: A }",
          ],
        ),
        [
          "1:1: the document lacks the field `policy`; add it",
          "3:1: unknown field `policies`; the nearest known name is `policy`",
          "7:9: `cases[0].at` is `2026-11-24T10:00:00`, not an instant with an offset; write it like 2026-11-24T09:00:00Z or 2026-11-24T10:00:00+01:00",
          "12:15: `cases[0].request.reason` is ` `, not a reason; say what the access is for",
          "13:17: `cases[0].request.duration` is `P1M`, not a duration of fixed length up to 100 years; write weeks, days, hours, minutes or seconds, as in PT30M or P7D",
          "15:7: `cases[0].request.startAt` is given in a break-glass request, which starts at once; leave it out",
          "16:24: `cases[0].expect.outcome` is `denied`, not `allow` or `deny`; write one of them",
          "16:45: `cases[0].expect.violations[0]` is `denyed`, not the id of a violation; did you mean `denied`?",
          "16:61: `cases[0].expect.violations[2]` is `denied`, which stands in the list already; name each id once",
          "16:70: unknown field `cases[0].expect.expires`; did you mean `expiresAt`?",
          "16:107: `cases[0].expect.rule` is `A`, not a rule; write the `id` of one, or breakGlass",
        ],
      ],
      [
        `${TEST}  - { name: a dba gets what was asked for, at: 2026-11-24T10:00:00Z, request: {}, expect: { outcome: deny } }\n`,
        [
          "15:13: `cases[1].name` is `a dba gets what was asked for`, the name of `cases[0]` too; write another one",
          "15:70: `cases[1].request` lacks the field `environment`; add it",
          "15:70: `cases[1].request` lacks the field `reason`; add it",
          "15:70: `cases[1].request` lacks the field `requester`; add it",
          "15:70: `cases[1].request` lacks the field `role`; add it",
        ],
      ],
      [
        edit(TEST, [
          "    expect:",
          `    live: [{ requester: bob@example.com, role: a, environment: b, activatedAt: 2026-11-24T09:00:00Z, expiresAt: 2026-11-24T09:30:00Z, endedAt: 2026-11-24T09:30:00Z, request: mine }]
    history: [{ requester: bob@example.com, role: a, environment: b, activatedAt: 2026-11-24T09:00:00Z, expiresAt: 2026-11-24T09:30:00Z, extensions: -1 }]
    approvals: [{ approver: bob@example.com, verdict: approve, at: 2026-11-24T09:00:00Z, signature: abc }]
    expect:`,
        ]),
        [
          "14:135: unknown field `cases[0].live[0].endedAt`; the nearest known name is `expiresAt`",
          "14:175: `cases[0].live[0].request` is `mine`, not a request; write its digest, or `this` for the request of the case",
          "15:15: `cases[0].history[0]` lacks the field `endedAt`; add it",
          "15:150: `cases[0].history[0].extensions` is `-1`, below 0; write 0 or more",
          "16:90: unknown field `cases[0].approvals[0].signature`; the nearest known name is `at`",
        ],
      ],
    ] as const) {
      assert.deepEqual(
        problemsOf(() => readPolicyTest({ file: "t.yaml", text })),
        problems.map((problem) => `t.yaml:${problem}`),
      );
    }
  });

  it("when it isn't known what a file holds, then what is another document is none, and what can't be read is bad", () => {
    for (const text of [POLICY, "kind: PolicyTests\n", "[PolicyTest]\n", "PolicyTest\n", '{ "note": "PolicyTest" }']) {
      assert.equal(findPolicyTest({ file: "t.yaml", text }), null);
    }
    for (const text of ["cases: [1, 2]\nkind: Suite\n", "cases: [1, 2\n"]) {
      assert.equal(findPolicyTest({ file: "t.yaml", text }), null);
    }
    assert.deepEqual(findPolicyTest({ file: "t.yaml", text: TEST })?.value.kind, "PolicyTest");
    const inOtherLetters = TEST.replace("kind: PolicyTest", 'kind: "Policy\\u0054est"');
    assert.deepEqual(findPolicyTest({ file: "t.yaml", text: inOtherLetters })?.value.kind, "PolicyTest");
    assert.deepEqual(
      problemsOf(() => findPolicyTest({ file: "t.yaml", text: `${TEST}\t- bad` })),
      problemsOf(() => readPolicyTest({ file: "t.yaml", text: `${TEST}\t- bad` })),
    );
  });
});

describe("running policy tests", () => {
  it("when nothing else is said, then the request was asked for one hour before, and its name is that of the case", () => {
    assert.equal(outcome(runOf({}).actual), "dba-short until 2026-11-24T10:45:00.000Z");
    const { actual } = runOf({ policy: edit(POLICY, ["activateWithin: PT24H", "activateWithin: PT1H"]) });
    assert.equal(
      actual.violations[0]?.message,
      "`a-dba-gets-what-was-asked-for` had to be activated before 2026-11-24T10:00:00.000Z, and the earliest is 2026-11-24T10:00:00.000Z; write a new request",
    );
    const earlier = edit(POLICY, ["activateWithin: PT24H", "activateWithin: PT3600.001S"]);
    assert.equal(runOf({ policy: earlier }).actual.outcome, "allow");
    const asked = edit(TEST, ["      duration:", "      requestedAt: 2026-11-24T10:00:00.001Z\n      duration:"]);
    assert.equal(outcome(runOf({ test: asked }).actual), "null: request-not-yet");
  });

  it("when a case has no letters in its name, then the request still has a name", () => {
    for (const [name, expected] of [
      ["Für Ärzte – 30 min, that's it!", "fur-arzte-30-min-thats-it"],
      ["許可", "case"],
      ["a".repeat(62).concat(" b c"), "a".repeat(62)],
    ] as const) {
      const test = edit(
        TEST,
        ["a dba gets what was asked for", JSON.stringify(name)],
        ["duration: PT45M", "duration: PT20H"],
      );
      assert.match(runOf({ test }).actual.violations[0]?.message ?? "", new RegExp(`^\`${expected}\` asks for 20 h`));
    }
  });

  it("when the policy wants proof, then the request is proven by its requester's signature", () => {
    for (const proof of ["signature", "author", "none"]) {
      const policy = edit(POLICY, ["requests: { proof: none }", `requests: { proof: ${proof} }`]);
      assert.equal(runOf({ policy }).actual.outcome, "allow", proof);
    }
  });

  it("when approvals are given, then they count as verified, whatever the role means and however long", () => {
    const policy = edit(POLICY, [
      "    reason: { minLength: 10 }\n",
      "    approvals: { from: { people: [bob@example.com] }, count: 1 }\n",
    ]);
    const by = (approver: string, verdict = "approve") =>
      outcome(
        runOf({
          policy,
          test: withFields(`approvals: [{ approver: ${approver}, verdict: ${verdict}, at: 2026-11-24T09:30:00Z }]`),
        }).actual,
      );
    assert.deepEqual(
      [by("bob@example.com"), by("alice@example.com"), by("nobody@example.com"), by("bob@example.com", "reject")],
      [
        "dba-short until 2026-11-24T10:45:00.000Z",
        "dba-short: approvals-missing",
        "dba-short: approvals-missing",
        "dba-short: approvals-missing, rejected",
      ],
    );
  });

  it("when the request itself is live or ended, then it is not judged again", () => {
    const grant =
      "requester: alice@example.com, role: orders-admin, environment: production, activatedAt: 2026-11-24T09:50:00Z, expiresAt: 2026-11-24T10:50:00Z";
    const live = runOf({ test: withFields(`live: [{ ${grant}, rule: freeze, request: this }]`) });
    assert.deepEqual([outcome(live.actual), live.isJudged], ["freeze until 2026-11-24T10:50:00.000Z", false]);
    const ended = runOf({ test: withFields(`history: [{ ${grant}, endedAt: 2026-11-24T09:55:00Z, request: this }]`) });
    assert.deepEqual([outcome(ended.actual), ended.isJudged], ["null: request-ended", true]);
    const other = runOf({ test: withFields(`history: [{ ${grant}, endedAt: 2026-11-24T09:55:00Z }]`) });
    assert.equal(outcome(other.actual), "dba-short until 2026-11-24T10:45:00.000Z");
  });

  it("when a case prolongs a live grant, then the grant is found by its digest", () => {
    const policy = edit(POLICY, [
      "    reason: { minLength: 10 }\n",
      "    extensions: { max: 1, upTo: PT1H }\n    cooldown: PT4H\n",
    ]);
    const grant = `requester: alice@example.com, role: orders-admin, environment: production, activatedAt: 2026-11-24T09:30:00Z, expiresAt: 2026-11-24T10:10:00Z, request: "${OTHER}"`;
    const prolong = (extensions: number) =>
      edit(withFields(`live: [{ ${grant}, extensions: ${extensions} }]`), [
        "      duration:",
        `      extends: "${OTHER}"\n      duration:`,
      ]);
    assert.deepEqual(
      [0, 1].map((extensions) => outcome(runOf({ policy, test: prolong(extensions) }).actual)),
      ["dba-short until 2026-11-24T10:55:00.000Z", "dba-short: extension-not-allowed"],
    );
  });

  it("when a break-glass grant was reviewed, then it holds up no other", () => {
    const policy = edit(POLICY, [
      "requests:",
      "breakGlass: { who: { jobFunctions: [dba] }, roles: [orders-admin], environments: [production], maxDuration: PT1H, review: { from: { jobFunctions: [sre] }, within: PT24H }, unreviewed: 1 }\nrequests:",
    ]);
    const grant =
      "requester: alice@example.com, role: orders-admin, environment: production, activatedAt: 2026-11-24T08:00:00Z, expiresAt: 2026-11-24T09:00:00Z, endedAt: 2026-11-24T09:00:00Z, breakGlass: true";
    const having = (more: string) =>
      outcome(
        runOf({
          policy,
          test: edit(withFields(`history: [{ ${grant}${more} }]`), [
            "      duration:",
            "      breakGlass: true\n      duration:",
          ]),
        }).actual,
      );
    assert.deepEqual(
      [having(""), having(", reviewedAt: 2026-11-24T09:30:00Z")],
      ["breakGlass: break-glass-review-overdue", "breakGlass until 2026-11-24T10:45:00.000Z"],
    );
  });

  it("when names of a case are unknown, then the decision says so", () => {
    const test = edit(TEST, ["alice@example.com", "nobody@example.com"], ["role: orders-admin", "role: nothing"]);
    assert.equal(outcome(runOf({ test }).actual), "null: unknown-requester, unknown-role");
  });

  it("when a decision differs from what is expected, then it is told in which fields", () => {
    const allowed = "outcome: allow";
    const denied = "outcome: deny";
    for (const [expected, duration, differing] of [
      [allowed, "PT45M", []],
      [denied, "PT45M", ["outcome"]],
      [`${allowed}, violations: []`, "PT45M", []],
      [`${allowed}, violations: [denied]`, "PT45M", ["violations"]],
      [`${allowed}, rule: dba-short, activatesAt: 2026-11-24T11:00:00+01:00`, "PT45M", []],
      [`${allowed}, rule: dba-long`, "PT45M", ["rule"]],
      [`${allowed}, rule: null, expiresAt: null`, "PT45M", ["rule", "expiresAt"]],
      [`${allowed}, expiresAt: 2026-11-24T10:45:00.001Z`, "PT45M", ["expiresAt"]],
      [`${allowed}, activatesAt: 2026-11-24T10:00:00.001Z`, "PT45M", ["activatesAt"]],
      [denied, "PT20H", []],
      [`${denied}, rule: dba-short, activatesAt: null, expiresAt: null`, "PT20H", []],
      [`${denied}, violations: [duration-too-long]`, "PT20H", []],
      [`${denied}, violations: []`, "PT20H", ["violations"]],
      [`${denied}, violations: [duration-too-long, ticket-required]`, "PT20H", ["violations"]],
      [`${denied}, violations: [ticket-required]`, "PT20H", ["violations"]],
      [`${allowed}, expiresAt: 2026-11-24T10:45:00Z`, "PT20H", ["outcome", "expiresAt"]],
    ] as const) {
      const test = edit(TEST, ["outcome: allow", expected], ["PT45M", duration]);
      assert.deepEqual(runOf({ test }).differing, differing, `${duration}: ${expected}`);
    }
  });

  it("when a decision has one violation several times, then its id is expected once, in any order", () => {
    const frozen = edit(POLICY, [
      "requests:",
      "  - { id: freeze-too, effect: deny, who: everyone, roles: '*', environments: '*' }\nrequests:",
    ]);
    const test = edit(
      TEST,
      ["at: 2026-11-24T10:00:00Z", "at: 2026-12-24T10:00:00Z"],
      ["PT45M", "PT20H"],
      ["outcome: allow", "outcome: deny, violations: [duration-too-long, denied]"],
    );
    const { actual, differing } = runOf({ policy: frozen, test });
    assert.deepEqual([outcome(actual), differing], ["dba-short: denied, denied, duration-too-long", []]);
  });
});

describe("coverage of rules", () => {
  it("when decisions were made, then each outcome of each rule is seen or not", () => {
    const policy = edit(
      POLICY,
      [
        "    reason: { minLength: 10, matches",
        "    cooldown: PT1H\n    extensions: { max: 1, upTo: PT1H }\n    approvals: { from: everyone, count: 1 }\n    reason: { minLength: 10, matches",
      ],
      [
        "requests:",
        "breakGlass: { who: everyone, roles: '*', environments: '*', maxDuration: PT1H, reason: { minLength: 20 }, review: { from: everyone, within: PT24H } }\nrequests:",
      ],
      ["max: PT12H }", "max: PT12H, clamp: true }"],
    );
    const decisions = [
      TEST,
      edit(TEST, ["PT45M", "PT20H"]),
      edit(TEST, ["PT45M", "PT1S"], ["at: 2026-11-24T", "at: 2026-12-24T"]),
    ].map((test) => runOf({ policy, test }).actual);
    const { value } = readJudge({ file: "p.yaml", text: policy }, { file: "d.yaml", text: DIRECTORY }, "study").policy;
    assert.deepEqual(ruleCoverage(value, decisions), [
      {
        rule: "dba-short",
        effect: "allow",
        seen: ["allow", "duration-too-short", "duration-too-long"],
        unseen: ["reason-insufficient"],
      },
      {
        rule: "dba-long",
        effect: "allow",
        seen: [],
        unseen: [
          "allow",
          "outside-hours",
          "reason-insufficient",
          "ticket-required",
          "ticket-invalid",
          "approvals-missing",
          "cooling-down",
          "extension-not-allowed",
        ],
      },
      { rule: "freeze", effect: "deny", seen: ["denied"], unseen: [] },
      {
        rule: "breakGlass",
        effect: "allow",
        seen: [],
        unseen: [
          "allow",
          "break-glass-not-allowed",
          "duration-too-long",
          "reason-insufficient",
          "break-glass-review-overdue",
        ],
      },
    ]);
  });
});

/** The test with more fields in its case. */
function withFields(fields: string): string {
  return edit(TEST, ["    expect:", `    ${fields}\n    expect:`]);
}

/** The run of the first case. */
function runOf({ policy = POLICY, test = TEST }: { policy?: string; test?: string }): CaseRun {
  const judge = readJudge({ file: "p.yaml", text: policy }, { file: "d.yaml", text: DIRECTORY }, "study");
  const [first] = readPolicyTest({ file: "t.yaml", text: test }).value.cases;
  assert.ok(first);
  return runCase(judge.policy.value, judge.directory.value, first);
}

function problemsOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (isDocumentError(error)) return error.message.split("\n");
    throw error;
  }
  return [];
}
