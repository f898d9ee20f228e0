// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Digest, EndedGrant, EventData, JournalEvent, LiveGrant, NewEvent } from "@elevation/domain";
import { formatInstant, parseInstant } from "@elevation/domain";
import { type GrantRecord, initJournal, Journal, type JournalView } from "@elevation/journal";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import { AT, aDecision, aDigest, aNote, anEvent, anIntent, aRequest, JOB, NOON } from "../../support/journal-events";
import { MemoryStore } from "../../support/journal-memory-store";

/** The view of a journal that holds these events. */
async function viewOf(events: readonly NewEvent[]): Promise<JournalView> {
  const store = new MemoryStore();
  const { hash } = await initJournal(store, JOB, NOON);
  store.force(events);
  return (await Journal.open(store, hash)).view();
}

const d = aDigest(1);
const grant: LiveGrant = {
  requester: "alice@example.com",
  role: "orders-admin",
  environment: "production",
  activatedAt: NOON,
  expiresAt: NOON + 1_800_000,
  rule: "dba-orders-short",
  request: d,
};
const ended: EndedGrant = { ...grant, endedAt: NOON };

describe("the view of a grant's life", () => {
  type Type = Parameters<typeof anEvent>[0];
  interface Row {
    readonly what: string;
    readonly types: readonly Type[];
    readonly live?: true;
    readonly ended?: true;
    readonly is: Partial<GrantRecord> | null;
  }
  const rows: Row[] = [
    { what: "was decided only", types: ["decided"], is: null },
    { what: "is intended", types: ["activating"], live: true, is: { status: "live", activated: false, marks: [] } },
    { what: "is active", types: ["activating", "activated"], live: true, is: { status: "live", activated: true } },
    {
      what: "is being ended",
      types: ["activating", "activated", "revoking"],
      live: true,
      is: { status: "live", marks: ["revoking"] },
    },
    {
      what: "is stuck",
      types: ["activating", "activated", "revoking", "stuck", "stuck"],
      live: true,
      is: { status: "live", marks: ["revoking", "stuck"], lastError: "the target is down" },
    },
    {
      what: "was changed at the target",
      types: ["activating", "activated", "drift"],
      live: true,
      is: { marks: ["drift"] },
    },
    {
      what: "was stuck and ended",
      types: ["activating", "stuck", "expired"],
      ended: true,
      is: { status: "ended", endedBy: "expired", endedAt: NOON, marks: ["stuck"] },
    },
    {
      what: "was revoked",
      types: ["activating", "activated", "revoked"],
      ended: true,
      is: { status: "ended", endedBy: "revoked" },
    },
    { what: "failed", types: ["activating", "failed"], is: { status: "failed", lastError: "the target refused" } },
    {
      what: "failed and is tried again",
      types: ["activating", "stuck", "residue", "failed", "activating"],
      live: true,
      is: { status: "live", marks: [], residue: [] },
    },
    { what: "lapsed while it was scheduled", types: ["decided", "failed"], is: null },
    {
      what: "ended and left residue",
      types: ["activating", "revoked", "residue"],
      ended: true,
      is: { status: "ended", residue: ["`alice` owns table `t`"] },
    },
    // What the journal refuses to append, but must read fail-safe if it stands there.
    {
      what: "ended, and the journal says that it is activated again",
      types: ["activating", "expired", "activating", "activated"],
      ended: true,
      is: { status: "ended", activated: false },
    },
    {
      what: "ended twice",
      types: ["activating", "expired", "revoked"],
      ended: true,
      is: { status: "ended", endedBy: "expired" },
    },
    {
      what: "was open and is said to have failed",
      types: ["activating", "activated", "failed"],
      live: true,
      is: { status: "live", activated: true },
    },
    { what: "ended without an intent", types: ["revoked"], is: null },
  ];
  for (const row of rows) {
    it(`when a grant ${row.what}, then it stands in ${row.live ? "live" : row.ended ? "history" : "neither"}`, async () => {
      const view = await viewOf(row.types.map((type) => anEvent(type, d)));
      assert.deepEqual(view.live, row.live ? [grant] : []);
      assert.deepEqual(view.history, row.ended ? [ended] : []);
      const record = view.grant(d);
      if (row.is === null) return assert.equal(record, null);
      assert.ok(record);
      for (const [field, value] of Object.entries(row.is))
        assert.deepEqual(record[field as keyof GrantRecord], value, field);
      assert.deepEqual(record.last, view.head);
    });
  }

  it("when an intent is journaled again while it is live, then the first one's times stay", async () => {
    const later = anIntent({ expiresAt: formatInstant(NOON + 3_600_000) });
    const view = await viewOf([anEvent("activating", d), anEvent("activating", d, later)]);
    assert.deepEqual(view.live, [grant]);
  });

  it("when it failed in one stack and is tried in another, then it belongs to the first", async () => {
    const elsewhere = anIntent({ stack: "staging" });
    const view = await viewOf([anEvent("activating", d), anEvent("failed", d), anEvent("activating", d, elsewhere)]);
    assert.deepEqual(view.grant(d)?.stack, { organization: "acme", project: "elevation", stack: "production" });
    assert.equal(view.grant(d)?.intent.stack, "staging");
  });

  it("when no rule is recorded, then the element has none", async () => {
    const view = await viewOf([anEvent("activating", d, anIntent({ rule: null }))]);
    assert.equal("rule" in (view.live[0] ?? {}), false);
  });

  it("when residue is scanned again, then the latest list counts", async () => {
    const clean = { place: anIntent().place, residue: [] };
    const view = await viewOf([anEvent("activating", d), anEvent("residue", d), anEvent("residue", d, clean)]);
    assert.deepEqual(view.grant(d)?.residue, []);
  });

  it("when decisions were journaled, then the last one of a digest is found", async () => {
    const deny = aDecision({ outcome: "deny" });
    const view = await viewOf([
      anEvent("decided", d),
      anEvent("decided", d, { decision: deny, request: anIntent().request }),
      anEvent("decided", aDigest(2)),
    ]);
    assert.deepEqual(view.lastDecision(d), deny);
    assert.deepEqual(view.lastDecision(aDigest(2)), aDecision());
    assert.equal(view.lastDecision(aDigest(3)), null);
  });

  it("when a caller lays more live grants over a view, then the rest of it still works", async () => {
    const view = await viewOf([anEvent("activating", d)]);
    const over: JournalView = Object.create(view, { live: { value: [] } });
    assert.deepEqual([over.live, over.history, over.grant(d)?.status, over.has(view.head)], [[], [], "live", true]);
  });
});

describe("grants that prolong one another", () => {
  const [first, second, third, other] = [1, 2, 3, 4].map(aDigest) as [Digest, Digest, Digest, Digest];
  const prolonging = (digest: Digest, spec: Parameters<typeof aRequest>[0] = {}) =>
    anIntent({ request: aRequest({ extends: digest, ...spec }) });
  const chain = [
    anEvent("activating", first),
    anEvent("activating", second, prolonging(first)),
    anEvent("activating", third, prolonging(second)),
    anEvent("activating", other),
  ];

  it("when a grant prolongs another, then its element counts the chain up to it, live or ended", async () => {
    const view = await viewOf([...chain, anEvent("expired", first), anEvent("expired", second)]);
    const counts = (grants: readonly LiveGrant[]) => grants.map(({ request, extensions }) => [request, extensions]);
    assert.deepEqual(counts(view.live), [
      [third, 2],
      [other, undefined],
    ]);
    assert.deepEqual(counts(view.history), [
      [first, undefined],
      [second, 1],
    ]);
    assert.equal("extensions" in (view.history[0] ?? {}), false);
  });

  it("when any of a chain is asked for, then all of it is named, in the order in which they came", async () => {
    const view = await viewOf(chain);
    for (const digest of [first, second, third]) assert.deepEqual(view.chain(digest), [first, second, third]);
    assert.deepEqual(view.chain(other), [other]);
    assert.deepEqual(view.chain(aDigest(9)), [aDigest(9)]);
  });

  it("when two prolong the same grant, then they are of one chain and each is its first extension", async () => {
    const view = await viewOf([...chain.slice(0, 2), anEvent("activating", third, prolonging(first))]);
    assert.deepEqual(view.chain(third), [first, second, third]);
    assert.deepEqual(
      view.live.map(({ extensions }) => extensions),
      [undefined, 1, 1],
    );
  });

  it("when an activation failed and is tried again, then it counts once", async () => {
    const again = [anEvent("failed", second), anEvent("activating", second, prolonging(first))];
    const view = await viewOf([...chain.slice(0, 2), ...again]);
    assert.deepEqual(view.chain(first), [first, second]);
    assert.deepEqual(
      view.live.map(({ extensions }) => extensions),
      [undefined, 1],
    );
  });

  it("when a view is older than the extension, then it doesn't name it", async () => {
    const store = new MemoryStore();
    const { hash } = await initJournal(store, JOB, NOON);
    const journal = await Journal.open(store, hash);
    store.force(chain.slice(0, 1));
    const before = await journal.view();
    store.force(chain.slice(1, 3));
    const after = await journal.view();
    assert.deepEqual(before.chain(first), [first]);
    assert.deepEqual(after.chain(first), [first, second, third]);
  });

  it("when a grant is a break-glass one, then its element says so, live and ended", async () => {
    const glass = anIntent({ request: aRequest({ breakGlass: true }), rule: "breakGlass" });
    const plain = anIntent({ request: aRequest({ breakGlass: false }) });
    const events = [anEvent("activating", first, glass), anEvent("activating", other, plain)];
    const view = await viewOf([...events, anEvent("activating", second, glass), anEvent("revoked", second)]);
    assert.deepEqual(
      view.live.map(({ breakGlass, rule }) => [breakGlass, rule]),
      [
        [true, "breakGlass"],
        [undefined, "dba-orders-short"],
      ],
    );
    assert.equal(view.history[0]?.breakGlass, true);
  });

  it("when it ends, then why it ended and why its end began are kept, each from its first event", async () => {
    const record = async (...events: NewEvent[]) => (await viewOf([anEvent("activating", d), ...events])).grant(d);
    const withdrawn = { cause: "withdrawn" } as const;
    const begun = await record(anEvent("revoking", d, withdrawn), anEvent("stuck", d));
    assert.deepEqual([begun?.endingCause, begun?.endCause], ["withdrawn", undefined]);
    assert.equal((await record(anEvent("stuck", d)))?.endingCause, "expiry");
    assert.equal((await record(anEvent("drift", d), anEvent("revoking", d, withdrawn)))?.endingCause, "drift");
    const ended = await record(anEvent("revoking", d, withdrawn), anEvent("expired", d), anEvent("revoked", d));
    assert.deepEqual([ended?.endingCause, ended?.endCause, ended?.endedBy], ["withdrawn", "expiry", "expired"]);
    const again = await record(anEvent("stuck", d), anEvent("failed", d), anEvent("activating", d));
    assert.equal(again?.endingCause, undefined);
    assert.equal(again?.stuck, undefined);
  });

  it("when ends fail, then the record counts them, from the first to the latest", async () => {
    const at = (minute: number) => ({ ...anEvent("stuck", d), at: formatInstant(NOON + minute * 60_000) }) as NewEvent;
    const failed = async (...events: NewEvent[]) =>
      (await viewOf([anEvent("activating", d), ...events])).grant(d)?.stuck;
    assert.equal(await failed(), undefined);
    assert.deepEqual(await failed(at(1)), { since: NOON + 60_000, triedAt: NOON + 60_000, tries: 1 });
    const thrice = [at(1), at(2), at(5), anEvent("expired", d)];
    assert.deepEqual(await failed(...thrice), { since: NOON + 60_000, triedAt: NOON + 300_000, tries: 3 });
  });
});

describe("the view of any chain", () => {
  const digests = [1, 2, 3].map(aDigest);
  const types = [
    "decided",
    "activating",
    "activated",
    "revoking",
    "revoked",
    "expired",
    "failed",
    "stuck",
    "drift",
    "residue",
  ] as const;
  const identities = ["alice", "bob"];
  const anyEvent = fc.oneof(
    { weight: 1, arbitrary: fc.constant(aNote("x")) },
    {
      weight: 20,
      arbitrary: fc
        .record({
          type: fc.constantFrom(...types),
          digest: fc.constantFrom(...digests),
          stack: fc.constantFrom("production", "staging"),
          minutes: fc.nat(60),
          identity: fc.constantFrom(...identities),
        })
        .map(({ type, digest, stack, minutes, identity }) => {
          const endedAt = formatInstant(NOON + minutes * 60_000);
          const place = { ...anIntent().place, identity };
          if (type === "activating") return anEvent(type, digest, anIntent({ stack, expiresAt: endedAt, place }));
          if (type === "expired") return anEvent(type, digest, { cause: "expiry", endedAt, sessionsEnded: 0 });
          return anEvent(type, digest);
        }),
    },
  );

  it("when events come in any order, then each view says what a naive reader says, for ever", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyEvent, { maxLength: 4 }), { maxLength: 12 }), async (batches) => {
        const store = new MemoryStore();
        const { hash } = await initJournal(store, JOB, NOON);
        const journal = await Journal.open(store, hash);
        const views: JournalView[] = [];
        for (const batch of batches) {
          store.force(batch);
          views.push(await journal.view());
        }
        for (const view of views) {
          assertNaive(view, store.events.slice(0, view.head.seq), digests);
          for (const identity of identities) {
            const isAlike = ({ status, intent }: GrantRecord) =>
              status === "live" && intent.place.identity === identity;
            const alike = view.alike({ ...anIntent().place, identity, object: "elev_other" });
            assert.deepEqual(new Set(alike), new Set([...view.grants].filter(isAlike)));
            assert.equal(alike.length, new Set(alike).size);
          }
        }
      }),
      { numRuns: 150 },
    );
  }).timeout(10_000);

  it("when a digest ended once, then no later event makes it live or takes it out of the history", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { maxLength: 20 }),
        fc.array(anyEvent, { maxLength: 20 }),
        async (before, after) => {
          const first = await viewOf(before);
          const second = await viewOf([...before, ...after]);
          for (const { request } of first.history) {
            assert.ok(second.history.some((grant) => grant.request === request));
            assert.ok(!second.live.some((grant) => grant.request === request));
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** Reads all events of each digest anew, as slowly as that may be. */
function assertNaive(view: JournalView, events: readonly JournalEvent[], digests: readonly Digest[]): void {
  const live: LiveGrant[] = [];
  const history: EndedGrant[] = [];
  for (const digest of digests) {
    const life = naiveLife(events.filter(({ request }) => request === digest));
    assert.equal(view.grant(digest)?.status ?? null, life?.status ?? null);
    assert.deepEqual(view.grant(digest)?.marks ?? [], life?.marks ?? []);
    assert.equal(view.grant(digest)?.stack.stack, life?.stack);
    if (life?.status === "live") live.push(life.grant);
    if (life?.status === "ended") history.push({ ...life.grant, endedAt: life.endedAt });
  }
  const byRequest = (one: LiveGrant, other: LiveGrant) => ((one.request ?? "") < (other.request ?? "") ? -1 : 1);
  assert.deepEqual(view.live.toSorted(byRequest), live.sort(byRequest));
  assert.deepEqual(view.history.toSorted(byRequest), history.sort(byRequest));
  assert.deepEqual(view.live.length + view.history.length, live.length + history.length);
}

function naiveLife(events: readonly JournalEvent[]) {
  const intents = events.filter(({ type }) => type === "activating");
  const stack = (intents[0]?.data as EventData["activating"] | undefined)?.stack;
  for (let start = 0; start < events.length; start++) {
    if (events[start]?.type !== "activating") continue;
    const intent = events[start]?.data as EventData["activating"];
    const rest = events.slice(start + 1);
    const isOver = ({ type }: JournalEvent, i: number) =>
      type === "revoked" ||
      type === "expired" ||
      (type === "failed" && !rest.slice(0, i).some((each) => each.type === "activated"));
    const over = rest.findIndex(isOver);
    const during = over === -1 ? rest : rest.slice(0, over);
    const marks = [
      ...new Set(during.map(({ type }) => type).filter((type) => ["revoking", "stuck", "drift"].includes(type))),
    ];
    const end = rest[over];
    const isLastTry = !rest.slice(over + 1).some(({ type }) => type === "activating");
    if (end?.type === "failed" && !isLastTry) {
      start += over + 1;
      continue;
    }
    const status = end === undefined ? "live" : end.type === "failed" ? "failed" : "ended";
    const endedAt = parseInstant((end?.data as { endedAt?: string } | undefined)?.endedAt ?? AT) ?? 0;
    return { status, marks, stack, endedAt, grant: naiveGrant(intent, events[start]?.request ?? d) };
  }
  return null;
}

function naiveGrant(intent: EventData["activating"], request: Digest): LiveGrant {
  const { requester, role, environment, activatedAt, expiresAt, rule } = intent;
  const element = {
    requester,
    role,
    environment,
    request,
    activatedAt: Date.parse(activatedAt),
    expiresAt: Date.parse(expiresAt),
  };
  return rule === null ? element : { ...element, rule };
}
