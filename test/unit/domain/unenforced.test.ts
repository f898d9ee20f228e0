// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  decide,
  isDocumentError,
  type Policy,
  readDirectory,
  readPolicy,
  readRequest,
  refuseUnenforcedAnchors,
  unservedTarget,
} from "@elevation/domain";
import { aRequest, ask, at, DIRECTORY, edit, outcome, POLICY, REQUEST } from "./documents";

type Edits = readonly (readonly [string, string])[];

const ALLOW: readonly [string, string] = ["    reason: { minLength: 10 }\n", ""];
const LEAVE = "but this version does not enforce it; leave it out or use a version that does";
const PROOF =
  "but this version verifies no proof of who asks; write `none`, and let only people you trust add requests";

const inPolicy: readonly (readonly [string, Edits, string])[] = [
  [
    "approvals of a rule",
    [[ALLOW[0], "    approvals: { from: { people: [alice@example.com] }, count: 1 }\n"]],
    `23:5: \`rules[0].approvals\` is given, ${LEAVE}`,
  ],
  [
    "approvalsValidFor of a rule",
    [[ALLOW[0], "    approvalsValidFor: PT24H\n"]],
    `23:5: \`rules[0].approvalsValidFor\` is given, ${LEAVE}`,
  ],
  [
    "extensions of a rule",
    [[ALLOW[0], "    extensions: { max: 1, upTo: PT2H }\n"]],
    `23:5: \`rules[0].extensions\` is given, ${LEAVE}`,
  ],
  ["cooldown of a rule", [[ALLOW[0], "    cooldown: PT4H\n"]], `23:5: \`rules[0].cooldown\` is given, ${LEAVE}`],
  [
    "onBehalf of a rule",
    [[ALLOW[0], "    onBehalf: { jobFunctions: [dba] }\n"]],
    `23:5: \`rules[0].onBehalf\` is given, ${LEAVE}`,
  ],
  [
    "breakGlass: true of a deny rule",
    [["breakGlass: false", "breakGlass: true"]],
    "39:5: `rules[2].breakGlass` is `true`, but this version grants no break-glass requests; leave it out",
  ],
  [
    "maxOutlive of a role",
    [["severity: critical", "maxOutlive: PT0S"]],
    `9:5: \`roles.orders-admin.maxOutlive\` is given, ${LEAVE}`,
  ],
  ["limits", [["requests:", "limits: { perPerson: { live: 2 } }\nrequests:"]], `40:1: \`limits\` is given, ${LEAVE}`],
  [
    "conflicts",
    [["requests:", "conflicts: [[orders-admin, ledger-auditor]]\nrequests:"]],
    `40:1: \`conflicts\` is given, ${LEAVE}`,
  ],
  [
    "breakGlass",
    [
      [
        "requests:",
        'breakGlass: { who: everyone, roles: "*", environments: "*", maxDuration: PT1H, review: { from: everyone, within: PT24H } }\nrequests:',
      ],
    ],
    `40:1: \`breakGlass\` is given, ${LEAVE}`,
  ],
  ["proof: signature", [["proof: none", "proof: signature"]], `40:20: \`requests.proof\` is \`signature\`, ${PROOF}`],
  ["proof: author", [["proof: none", "proof: author"]], `40:20: \`requests.proof\` is \`author\`, ${PROOF}`],
  [
    "requests without proof",
    [["requests: { proof: none }", "requests: {}"]],
    `40:1: \`requests.proof\` is absent, which means \`signature\`, ${PROOF}`,
  ],
  [
    "no requests at all",
    [["requests: { proof: none }\n", ""]],
    `1:1: \`requests.proof\` is absent, which means \`signature\`, ${PROOF}`,
  ],
];

const inRequest: readonly (readonly [string, string, string])[] = [
  [
    "breakGlass: true",
    "  breakGlass: true\n",
    "12:3: `spec.breakGlass` is `true`, but this version grants no break-glass requests; leave it out",
  ],
  ["extends", `  extends: sha256:${"0".repeat(64)}\n`, `12:3: \`spec.extends\` is given, ${LEAVE}`],
];

describe("what this version does not enforce", () => {
  for (const [what, edits, problem] of inPolicy) {
    it(`when a policy has ${what}, then it is refused at its place`, () => {
      assert.equal(
        messageOf(() => readPolicy({ file: "elevation.yaml", text: edit(POLICY, ...edits) })),
        `elevation.yaml:${problem}`,
      );
    });
  }

  for (const [what, text, problem] of inRequest) {
    it(`when a request has ${what}, then it is refused at its place`, () => {
      assert.equal(
        messageOf(() => readRequest({ file: "r.yaml", text: REQUEST + text })),
        `r.yaml:${problem}`,
      );
    });
  }

  it("when a request says breakGlass: false, then it is read", () => {
    assert.equal(readRequest({ file: "r.yaml", text: `${REQUEST}  breakGlass: false\n` }).value.spec.breakGlass, false);
  });

  it("when the proof is absent, then the problem is of `requests.proof`, at `requests` or else where the document begins", () => {
    const placeIn = (...edits: Edits) => {
      try {
        readPolicy({ file: "elevation.yaml", text: edit(`# Ours\n${POLICY}`, ...edits) });
        return [];
      } catch (e) {
        if (!isDocumentError(e)) throw e;
        return e.problems.map(({ path, line, column }) => [path, line, column]);
      }
    };
    assert.deepEqual(placeIn(["requests: { proof: none }", "requests: {}"]), [["requests.proof", 41, 1]]);
    assert.deepEqual(placeIn(["requests: { proof: none }\n", ""]), [["requests.proof", 2, 1]]);
  });

  describe("a target of a kind that this version doesn't serve", () => {
    const AWS = edit(POLICY, [
      "kind: postgres, connection: orders-production",
      "kind: aws, connection: orders-production",
    ]);
    const withAws = edit(DIRECTORY, ["github: alice-gh", "aws: alice-aws"]);

    it("when a policy names it, then requests are judged by the identity of that kind", () => {
      const now = "2026-11-24T10:00:00Z";
      assert.equal(outcome(ask({ policy: AWS, directory: withAws, now })), "dba-short until 2026-11-24T10:45:00.000Z");
      assert.deepEqual(
        ask({ policy: AWS, now }).violations.map(({ id, message }) => `${id}: ${message}`),
        [
          "no-identity: `alice@example.com` has no `aws` identity, which `orders-admin` in `production` takes; add it to `identities` in the directory",
        ],
      );
      assert.equal(
        outcome(ask({ policy: AWS, now, spec: { environment: "staging" } })),
        "dba-short until 2026-11-24T10:45:00.000Z",
      );
    });

    it("when a request asks for it, then why it can't be granted is told, and of others nothing", () => {
      const { value } = readPolicy({ file: "elevation.yaml", text: AWS });
      assert.equal(
        unservedTarget(value, aRequest()),
        "`alice-orders` asks for `orders-admin` in `production`, a target of kind `aws`, this version grants only at `postgres`; leave it out or use a version that serves it",
      );
      assert.equal(unservedTarget(value, aRequest({ environment: "staging" })), null);
      assert.equal(unservedTarget(value, aRequest({ role: "nothing" })), null);
    });
  });

  it("when a signed request reaches decide(), then its signature changes nothing", () => {
    const policy = readPolicy({ file: "elevation.yaml", text: POLICY }).value;
    const directory = readDirectory({ file: "directory.yaml", text: DIRECTORY }).value;
    const context = { now: at("2026-11-24T10:00:00Z"), live: [], history: [] };
    const signed = { ...aRequest(), signature: "anything" };
    assert.deepEqual(decide(policy, directory, signed, context), decide(policy, directory, aRequest(), context));
    assert.equal(decide(policy, directory, signed, context).outcome, "allow");
  });

  it("when such a policy reaches decide() all the same, then it denies and says why", () => {
    const good = readPolicy({ file: "elevation.yaml", text: POLICY }).value;
    const policy: Policy = { ...good, limits: { perPerson: { live: 2 } }, requests: {} };
    const directory = readDirectory({ file: "directory.yaml", text: DIRECTORY }).value;
    const context = { now: at("2026-11-24T10:00:00Z"), live: [], history: [] };
    const decision = decide(policy, directory, aRequest(), context);
    assert.deepEqual(
      [decision.outcome, decision.rule, decision.violations],
      [
        "deny",
        null,
        [
          `\`alice-orders\` cannot be judged: \`limits\` is given, ${LEAVE}`,
          `\`alice-orders\` cannot be judged: \`requests.proof\` is absent, which means \`signature\`, ${PROOF}`,
        ].map((message) => ({ id: "policy-untrusted", rule: null, path: "", observed: null, limit: null, message })),
      ],
    );
  });

  it("when ELEVATION_ADMINS is set, also to nothing, then it is refused", () => {
    const refusal =
      "`ELEVATION_ADMINS` is set, but this version does not verify trust bundles; unset it, or use a version that does";
    assert.deepEqual(refuseUnenforcedAnchors({ ELEVATION_ADMINS: "sha256:abc" }), [refusal]);
    assert.deepEqual(refuseUnenforcedAnchors({ ELEVATION_ADMINS: "" }), [refusal]);
    assert.deepEqual(refuseUnenforcedAnchors({ ELEVATION_JOURNAL: "file:journal" }), []);
  });
});

function messageOf(read: () => unknown): string {
  try {
    read();
    return "no error";
  } catch (e) {
    if (!isDocumentError(e)) throw e;
    return e.message;
  }
}
