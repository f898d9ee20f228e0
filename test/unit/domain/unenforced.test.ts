// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  decide,
  isDocumentError,
  type Policy,
  readDirectory,
  readJudge,
  readPolicy,
  readRequest,
  refuseUnenforcedAnchors,
  unservedTarget,
} from "@elevation/domain";
import { aRequest, ask, asNew, at, DIRECTORY, edit, outcome, POLICY, REQUEST } from "./documents";

type Edits = readonly (readonly [string, string])[];

const PROOF =
  "but this version verifies no proof of who asks; write `none`, and let only people you trust add requests";

const inPolicy: readonly (readonly [string, Edits, string])[] = [
  [
    "imported verdicts",
    [
      [
        "    reason: { minLength: 10 }\n",
        "    approvals: { all: [{ from: everyone, count: 1 }, { from: everyone, count: 1, imported: true }] }\n",
      ],
    ],
    "23:82: `rules[0].approvals.all[1].imported` is `true`, but this version imports no verdicts from a forge; leave it out",
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

describe("what this version does not enforce", () => {
  for (const [what, edits, problem] of inPolicy) {
    it(`when a policy has ${what}, then it is refused at its place`, () => {
      assert.equal(
        messageOf(() => readPolicy({ file: "elevation.yaml", text: edit(POLICY, ...edits) })),
        `elevation.yaml:${problem}`,
      );
    });
  }

  it("when a policy is only studied, then it is read with all that it demands", () => {
    for (const [, edits] of inPolicy) {
      const text = edit(POLICY, ...edits);
      assert.equal(readPolicy({ file: "elevation.yaml", text }, "study").value.kind, "Policy");
      const judge = readJudge({ file: "p.yaml", text }, { file: "d.yaml", text: DIRECTORY }, "study");
      assert.equal(judge.policy.value.kind, "Policy");
    }
  });

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
    const context = asNew(at("2026-11-24T10:00:00Z"));
    const signed = { ...aRequest(), signature: "anything" };
    assert.deepEqual(decide(policy, directory, signed, context), decide(policy, directory, aRequest(), context));
    assert.equal(decide(policy, directory, signed, context).outcome, "allow");
  });

  it("when a policy that wants a proof reaches decide() all the same, then it denies for want of one", () => {
    const good = readPolicy({ file: "elevation.yaml", text: POLICY }).value;
    const policy: Policy = { ...good, requests: {} };
    const directory = readDirectory({ file: "directory.yaml", text: DIRECTORY }).value;
    const decision = decide(policy, directory, aRequest(), asNew(at("2026-11-24T10:00:00Z")));
    assert.deepEqual(
      [decision.outcome, decision.rule, decision.violations],
      [
        "deny",
        null,
        [
          {
            id: "request-unproven",
            rule: null,
            path: "signature",
            observed: null,
            limit: "signature",
            message:
              "`alice-orders` is not proven to come from `alice@example.com`, the policy wants the requester's signature; sign it as `alice@example.com`",
          },
        ],
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
