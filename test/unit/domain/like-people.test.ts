// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type Directory, likePeople, type Policy } from "@elevation/domain";

const POLICY: Policy = {
  apiVersion: "elevation/v1",
  kind: "Policy",
  environments: { production: {}, staging: {} },
  roles: { admin: { targets: { production: { kind: "postgres", connection: "main", role: "admin" } } } },
  rules: [
    {
      id: "dba",
      effect: "allow",
      who: { jobFunctions: ["dba"], people: ["ann@example.com"], onCall: ["primary"] },
      roles: ["admin"],
      environments: ["production"],
      duration: { max: "PT1H" },
    },
    {
      id: "elsewhere",
      effect: "allow",
      who: { jobFunctions: ["team-0"] },
      roles: ["admin"],
      environments: ["staging"],
      duration: { max: "PT1H" },
    },
  ],
};

const identities = { postgres: "a-login" };
const DIRECTORY: Directory = {
  apiVersion: "elevation/v1",
  kind: "Directory",
  jobFunctions: { dba: {}, lead: { includes: ["dba"] }, "team-0": {}, "team-1": {} },
  people: {
    "ann@example.com": { identities },
    "ben@example.com": { jobFunctions: ["team-0"], identities },
    "cat@example.com": { jobFunctions: ["team-1", "dba"], identities },
    "dan@example.com": { jobFunctions: ["team-1"], identities },
    "eve@example.com": { jobFunctions: ["dba"] },
    "fay@example.com": { jobFunctions: ["dba", "team-0"], identities },
    "gus@example.com": { jobFunctions: ["team-0"], identities },
    "hal@example.com": { jobFunctions: ["team-0"], identities },
  },
  onCall: { primary: [{ person: "gus@example.com", from: "2026-11-24T10:00:00Z", to: "2026-11-24T11:00:00Z" }] },
};

describe("likePeople()", () => {
  it("when nothing that the rules of a place look at is other about people, then they stand together, whatever else they are", () => {
    const at = Date.parse("2026-11-24T10:00:00Z");
    const hals = {
      requester: "hal@example.com",
      role: "admin",
      environment: "staging",
      activatedAt: at,
      expiresAt: at,
    };
    const place = { role: "admin", environment: "production", live: [], history: [{ ...hals, endedAt: at }] };
    assert.deepEqual(likePeople(POLICY, DIRECTORY, place), [
      ["ann@example.com"],
      ["ben@example.com", "dan@example.com"],
      ["cat@example.com", "fay@example.com"],
      ["eve@example.com"],
      ["gus@example.com"],
      ["hal@example.com"],
    ]);
  });
});
