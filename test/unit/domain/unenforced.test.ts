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
} from "@elevation/domain";
import { aRequest, at, DIRECTORY, edit, POLICY, REQUEST } from "./documents";

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
  [
    "a target of another kind",
    [["kind: postgres, connection: ledger", "kind: aws, connection: ledger"]],
    "15:27: `roles.ledger-auditor.targets.production.kind` is `aws`, but this version serves only `postgres`; write that",
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
    `1:1: \`requests.proof\` is absent, which means \`signature\`, ${PROOF}`,
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
  ["a signature", "signature: abc\n", "12:1: `signature` is given, but this version verifies none; leave it out"],
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
