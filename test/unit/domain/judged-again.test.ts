// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { judgedAgain, parseRequest, readJudge } from "@elevation/domain";

const RULES = `
  - { id: freeze, effect: deny, who: everyone, roles: "*", environments: [production], during: { from: 2026-12-20T00:00:00Z, to: 2027-01-02T00:00:00Z } }
  - { id: nights, effect: deny, who: { jobFunctions: [contractor] }, roles: [admin], environments: "*", hours: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "20:00", to: "06:00" }, breakGlass: true }
`;

const judge = readJudge(
  {
    file: "elevation.yaml",
    text: `
apiVersion: elevation/v1
kind: Policy
environments: { production: {}, staging: {} }
roles:
  admin: { targets: { production: { kind: postgres, connection: orders, role: admin }, staging: { kind: postgres, connection: orders, role: admin } } }
rules:${RULES}
requests: { proof: none }
`,
  },
  {
    file: "directory.yaml",
    text: `
apiVersion: elevation/v1
kind: Directory
jobFunctions: { contractor: {} }
people:
  alice@example.com: { name: Alice }
  carl@example.com: { name: Carl, jobFunctions: [contractor] }
`,
  },
);

const ask = (spec: object, at: string) =>
  judgedAgain(
    judge.policy.value,
    judge.directory.value,
    parseRequest(
      {
        apiVersion: "elevation/v1",
        kind: "Request",
        metadata: { name: "a-request" },
        spec: {
          ...{ requester: "alice@example.com", role: "admin", environment: "production", reason: "why" },
          ...{ requestedAt: "2026-11-24T10:00:00Z", ...spec },
        },
      },
      "a-request",
    ),
    Date.parse(at),
  );

describe("live grants judged again", () => {
  it("when nothing is against it, then it stays, though no rule would allow it today", () => {
    assert.equal(ask({}, "2026-11-24T10:00:00Z"), null);
    assert.equal(ask({ role: "a-role-that-is-gone" }, "2026-11-24T10:00:00Z"), null);
  });

  it("when the person is in the directory no more, then it ends", () => {
    assert.equal(ask({ requester: "bob@example.com" }, "2026-11-24T10:00:00Z"), "left");
  });

  it("when a deny rule matches now, then it ends, from the rule's first instant and until before its last", () => {
    assert.deepEqual(
      ["2026-12-19T23:59:59.999Z", "2026-12-20T00:00:00Z", "2027-01-01T23:59:59.999Z", "2027-01-02T00:00:00Z"].map(
        (at) => ask({}, at),
      ),
      [null, "denied", "denied", null],
    );
    assert.equal(ask({ environment: "staging" }, "2026-12-24T10:00:00Z"), null);
    assert.equal(ask({ role: "a-role-that-is-gone" }, "2026-12-24T10:00:00Z"), "denied");
  });

  it("when a deny rule is for some people in their nights, then theirs end, and a break-glass grant of theirs only where it doesn't pass", () => {
    const [evening, night] = ["2026-11-24T18:59:59Z", "2026-11-24T19:00:00Z"];
    const requester = "carl@example.com";
    assert.deepEqual([ask({ requester }, evening), ask({ requester }, night), ask({}, night)], [null, "denied", null]);
    assert.equal(ask({ requester, breakGlass: true }, night), null);
    assert.equal(ask({ requester, breakGlass: true }, "2026-12-24T10:00:00Z"), "denied");
  });
});
