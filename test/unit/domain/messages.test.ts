// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ViolationId } from "@elevation/domain";

type Outside = "policy-untrusted" | "journal-untrusted" | "locked" | "request-elsewhere";

/** Every id that decide() can report; the compiler finds one that is missing here. */
const REPORTED: Readonly<Record<Exclude<ViolationId, Outside>, true>> = {
  "request-ended": true,
  "unknown-requester": true,
  "unknown-role": true,
  "unknown-environment": true,
  "request-not-yet": true,
  "start-too-late": true,
  "request-lapsed": true,
  "request-unproven": true,
  denied: true,
  "break-glass-not-allowed": true,
  "break-glass-review-overdue": true,
  "environment-not-allowed": true,
  "not-eligible": true,
  "duration-too-short": true,
  "duration-too-long": true,
  "outside-hours": true,
  "reason-insufficient": true,
  "ticket-required": true,
  "ticket-invalid": true,
  "approvals-missing": true,
  "cooling-down": true,
  rejected: true,
  "limit-exceeded": true,
  "conflicting-roles": true,
  "extension-not-allowed": true,
  "no-identity": true,
  "outlives-too-long": true,
};

// __dirname is in test/dist; what is looked at are the sources.
const SOURCES = join(__dirname, "../../../unit/domain");
const ROOT = join(__dirname, "../../../..");

describe("the messages of violations", () => {
  const tests = readdirSync(SOURCES)
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => readFileSync(join(SOURCES, name), "utf8"))
    .join("\n");

  for (const id of Object.keys(REPORTED)) {
    it(`when a message of \`${id}\` changes, then a test that asserts it whole fails`, () => {
      // `id: message`, as helper messages() gives it, or the fields of one violation.
      const asserted = new RegExp(`["\`]${id}: [^"]{40}|id: "${id}",[^}]*\\}[^]{0,200}message`);
      assert.match(tests, asserted);
    });
  }

  it("when a violation is written, then its id is one of these", () => {
    const source = readFileSync(join(ROOT, "domain/violation.ts"), "utf8");
    const written = [...source.matchAll(/\{ id: "([a-z-]+)"|"(duration-[a-z-]+)"/g)].map(
      ([, id, other]) => id ?? other,
    );
    assert.deepEqual([...new Set([...written, "denied"])].sort(), Object.keys(REPORTED).sort());
  });
});
