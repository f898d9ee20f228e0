// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { decide, digestOf, formatInstant, isInert, type NewEvent, type Request, readJudge } from "@elevation/domain";
import { initJournal, Journal, type JournalView, judge } from "@elevation/journal";
import { before, describe, it } from "mocha";
import { anEvent, anIntent, aRequest, JOB, NOON } from "../../support/journal-events";
import { MemoryStore } from "../../support/journal-memory-store";

const DOCUMENTS = readJudge(
  {
    file: "elevation.yaml",
    text: `
apiVersion: elevation/v1
kind: Policy
environments: { production: {} }
roles:
  orders-admin:
    targets:
      production: { kind: postgres, connection: orders-production, role: orders_admin }
rules:
  - id: dba-orders-short
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production]
    duration: { max: PT30M }
requests: { proof: none }
`,
  },
  {
    file: "directory.yaml",
    text: `
apiVersion: elevation/v1
kind: Directory
jobFunctions: { dba: {} }
people:
  alice@example.com: { jobFunctions: [dba], identities: { postgres: alice } }
`,
  },
);
const MINUTE = 60_000;
const production = { organization: "acme", project: "elevation", stack: "production" };
const staging = { ...production, stack: "staging" };
const request = aRequest();
const digest = digestOf(request);

/** The view of a journal opened at an instant, with these events. */
async function viewOf(openedAt: number, events: readonly NewEvent[] = []): Promise<JournalView> {
  const store = new MemoryStore();
  const { hash } = await initJournal(store, JOB, openedAt);
  store.force(events);
  return (await Journal.open(store, hash)).view();
}

const asNew = (of: Request, now: number) =>
  decide(DOCUMENTS.policy.value, DOCUMENTS.directory.value, of, {
    now,
    proof: null,
    approvals: null,
    live: [],
    history: [],
  });
const refused = { outcome: "deny", activatesAt: null, expiresAt: null, effectiveEnd: null } as const;

describe("judge", () => {
  const now = NOON + MINUTE;
  let fresh: JournalView;
  before(async () => {
    fresh = await viewOf(NOON - MINUTE);
  });

  it("when nothing stands outside of it, then the decision is that of decide()", () => {
    const decision = judge(DOCUMENTS, request, { stack: production, now, view: fresh });
    assert.deepEqual(decision, asNew(request, now));
    assert.deepEqual([decision.outcome, decision.requestDigest], ["allow", digest]);
  });

  it("when there is no view, then it is judged as new, whatever the state has seen", () => {
    const witness = { seq: 9, hash: "1".repeat(64) };
    assert.deepEqual(judge(DOCUMENTS, request, { stack: production, now, view: null, witness }), asNew(request, now));
  });

  it("when the grant is live, then it is allowed as recorded, long after its request lapsed", async () => {
    const view = await viewOf(NOON - MINUTE, [anEvent("activating", digest)]);
    const decision = judge(DOCUMENTS, request, { stack: production, now: NOON + 10_000 * MINUTE, view });
    assert.deepEqual([decision.outcome, decision.expiresAt], ["allow", formatInstant(NOON + 30 * MINUTE)]);
  });

  it("when the grant ended, then the request is ended, said once, in a journal opened later too", async () => {
    const view = await viewOf(NOON + MINUTE, [anEvent("activating", digest), anEvent("expired", digest)]);
    const { outcome, violations } = judge(DOCUMENTS, request, { stack: production, now, view });
    assert.deepEqual([outcome, violations.map(({ id }) => id)], ["deny", ["request-ended"]]);
  });

  for (const [what, asked, at] of [
    ["would be allowed", request, now],
    ["would be denied", aRequest({ duration: "PT9H" }), now],
    ["lapsed long ago", request, NOON + 10_000 * MINUTE],
    ["names nobody", aRequest({ requester: "eve@example.com" }), now],
  ] as const) {
    it(`when a request that ${what} is dated before the journal was opened, then it is ended and nothing else is said`, async () => {
      const view = await viewOf(NOON + 1);
      const decision = judge(DOCUMENTS, asked, { stack: production, now: at, view });
      assert.deepEqual(decision, {
        ...asNew(asked, at),
        ...refused,
        rule: null,
        approvals: { required: [], given: [], missing: [] },
        violations: [
          {
            id: "request-ended",
            rule: null,
            path: "spec.requestedAt",
            observed: "2026-11-24T12:00:00Z",
            limit: "2026-11-24T12:00:00.001Z",
            message:
              "`alice-orders` is dated `2026-11-24T12:00:00Z`, the journal was opened at 2026-11-24T12:00:00.001Z and knows nothing older; write a new request",
          },
        ],
      });
    });
  }

  it("when a request is dated before the journal was opened, which lacks the witness, then it is not known what ended", async () => {
    const view = await viewOf(NOON + 1);
    const witness = { seq: 9, hash: "1".repeat(64) };
    const decision = judge(DOCUMENTS, request, { stack: production, now, view, witness });
    assert.deepEqual(
      decision.violations.map(({ id }) => id),
      ["journal-untrusted", "request-ended"],
    );
    assert.equal(isInert(decision), false);
  });

  it("when it is dated at the very instant of opening, or is live, then its date is no matter", async () => {
    const same = await viewOf(NOON);
    assert.equal(judge(DOCUMENTS, request, { stack: null, now, view: same }).outcome, "allow");
    const live = await viewOf(NOON + 1, [anEvent("activating", digest)]);
    assert.equal(judge(DOCUMENTS, request, { stack: production, now, view: live }).outcome, "allow");
  });

  for (const [what, after] of [
    ["is live", []],
    ["failed", [anEvent("failed", digest)]],
  ] as const) {
    it(`when the digest's grant ${what} in another stack, then this stack is refused and its own is not`, async () => {
      const intent = anEvent("activating", digest, anIntent({ request }));
      const view = await viewOf(NOON - MINUTE, [intent, ...after]);
      const decision = judge(DOCUMENTS, request, { stack: staging, now, view });
      assert.deepEqual({ ...decision, violations: [] }, { ...decision, ...refused, violations: [] });
      assert.deepEqual(decision.violations, [
        {
          id: "request-elsewhere",
          rule: null,
          path: "metadata.name",
          observed: "acme/elevation/staging",
          limit: "acme/elevation/production",
          message:
            "`alice-orders` belongs to stack `acme/elevation/production`, where it was first activated, this is `acme/elevation/staging`; write a request of its own for this stack",
        },
      ]);
      for (const stack of [production, null]) {
        assert.equal(judge(DOCUMENTS, request, { stack, now, view }).outcome, "allow");
      }
    });
  }

  it("when the journal lacks the witness, then it is untrusted, for a live grant too", async () => {
    const view = await viewOf(NOON - MINUTE, [anEvent("activating", digest)]);
    const witness = { seq: 9, hash: "1".repeat(64) };
    const decision = judge(DOCUMENTS, request, { stack: production, now, view, witness });
    assert.deepEqual({ ...decision, violations: [] }, { ...decision, ...refused, violations: [] });
    assert.deepEqual(decision.violations, [
      {
        id: "journal-untrusted",
        rule: null,
        path: "",
        observed: "2",
        limit: "9",
        message:
          "the journal, which ends with event 2, lacks event 9 that the state of `alice-orders` has seen; bring back the whole journal",
      },
    ]);
    assert.equal(judge(DOCUMENTS, request, { stack: production, now, view, witness: view.head }).outcome, "allow");
  });

  it("when decide() denies what belongs to another stack as well, then both are said", async () => {
    const long = aRequest({ duration: "PT9H" });
    const failed = digestOf(long);
    const intent = anEvent("activating", failed, anIntent({ request: long }));
    const view = await viewOf(NOON - MINUTE, [intent, anEvent("failed", failed)]);
    const { violations, rule } = judge(DOCUMENTS, long, { stack: staging, now, view });
    assert.deepEqual(
      [violations.map(({ id }) => id), rule],
      [["request-elsewhere", "duration-too-long"], "dba-orders-short"],
    );
  });
});
