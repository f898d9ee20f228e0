// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { digestOf, formatInstant, type NewEvent, type OrderPayload, readJudge } from "@elevation/domain";
import { initJournal, Journal, judge } from "@elevation/journal";
import { AT, aDigest, anEvent, aRequest, JOB, NOON } from "../../support/journal-events";
import { MemoryStore } from "../../support/journal-memory-store";
import { aKey, orderEvent, signedOrder } from "../../support/signing";

const HOUR = 3_600_000;
const d = aDigest(1);
const ann = aKey();

const DOCUMENTS = readJudge(
  {
    file: "elevation.yaml",
    text: `
apiVersion: elevation/v1
kind: Policy
environments: { production: {} }
roles: { orders-admin: { targets: { production: { kind: postgres, connection: orders-production, role: orders_admin } } } }
rules: [{ id: dba, effect: allow, who: everyone, roles: "*", environments: "*", duration: { max: PT30M } }]
requests: { proof: none }
`,
  },
  {
    file: "directory.yaml",
    text: `
apiVersion: elevation/v1
kind: Directory
jobFunctions: {}
people: { alice@example.com: { identities: { postgres: alice } } }
`,
  },
);

function anOrder(payload: Partial<OrderPayload>): NewEvent {
  return orderEvent(signedOrder(ann, payloadOf(payload)));
}

function payloadOf(payload: Partial<OrderPayload>): OrderPayload {
  return { by: "ann@example.com", at: AT, id: "order-1", reason: "Stolen laptop", order: "revoke", ...payload };
}

const aLock = (scope: object, until = NOON + HOUR, id = "order-1") =>
  anOrder({ order: "lock", id, lock: { ...scope, until: formatInstant(until) } });

describe("orders in a journal", () => {
  let journal: Journal;
  beforeEach(async () => {
    const store = new MemoryStore();
    const { hash } = await initJournal(store, JOB, NOON - HOUR);
    journal = await Journal.open(store, hash);
  });

  it("when an order was obeyed, then its payload and its key's id lead to its event, and an earlier view knows nothing of it", async () => {
    const before = await journal.view();
    const { events, view } = await journal.append([anOrder({ request: d })]);
    const [{ seq = 0, hash = "" } = {}] = events;
    const payload = payloadOf({ request: d });
    const obeyed = { seq, hash, digest: digestOf(payload) };
    const found = (other: Partial<OrderPayload>, key: string) => view.order({ ...payload, ...other }, key);
    assert.deepEqual(found({}, "SHA256:…"), obeyed);
    assert.deepEqual(found({}, "SHA256:other"), obeyed, "whoever signs it again");
    assert.deepEqual(found({ reason: "Another one" }, "SHA256:…"), obeyed);
    assert.equal(found({ reason: "Another one" }, "SHA256:other"), null, "ids are a key's own");
    assert.equal(found({ id: "order-2" }, "SHA256:…"), null);
    assert.equal(before.order(payload, "SHA256:…"), null);
  });

  it("when a payload was signed again by another key later on, then a view between the two has what keeps it from being obeyed then", async () => {
    const first = anOrder({ request: aDigest(2) });
    const { view } = await journal.append([first]);
    await journal.append([{ ...anOrder({ request: d }), actor: { kind: "person", key: "SHA256:other" } }]);
    assert.equal(view.order(payloadOf({ request: d }), "SHA256:…")?.seq, 2);
  });

  it("when an order is to be recorded twice, then nothing is written", async () => {
    const other = anOrder({ request: aDigest(2) });
    await assert.rejects(journal.append([anOrder({ request: d }), other]), {
      message: "order order-1 cannot be journaled: it was before",
    });
    await journal.append([other]);
    await assert.rejects(journal.append([other]), { message: "order order-1 cannot be journaled: it was before" });
    assert.equal((await journal.view()).head.seq, 2);
  });

  it("when a journal holds an order of which no view could be made, then it can't be trusted", async () => {
    const store = new MemoryStore();
    const { hash } = await initJournal(store, JOB, NOON - HOUR);
    store.force([{ ...anOrder({ request: d }), data: { order: { payload: { id: "1" } } } } as unknown as NewEvent]);
    await assert.rejects(Journal.open(store, hash), {
      message:
        "the journal `memory:` cannot be trusted: event 2: its data is not that of `order`; restore the journal itself",
    });
  });

  it("when a lock is ordered, then views from then on have it, and earlier ones don't", async () => {
    const before = await journal.view();
    const { view } = await journal.append([aLock({ role: "orders-admin" })]);
    assert.deepEqual(view.locks, [
      { scope: { role: "orders-admin" }, until: NOON + HOUR, reason: "Stolen laptop", by: "ann@example.com" },
    ]);
    assert.deepEqual(before.locks, []);
  });

  it("when a stuck grant is abandoned, then it is live no more, and what may be left of it stays in view", async () => {
    await journal.append([anEvent("activating", d), anEvent("activated", d), anEvent("stuck", d)]);
    const { view } = await journal.append([anOrder({ order: "abandon", request: d })]);
    const { status, endedBy, endedAt, residue } = view.grant(d) ?? {};
    assert.deepEqual(
      { status, endedBy, endedAt, residue },
      {
        status: "ended",
        endedBy: "abandoned",
        endedAt: NOON,
        residue: [
          `\`alice\` may still have role \`orders_admin\` at \`orders-production\`: abandoned by ann@example.com on ${AT}`,
        ],
      },
    );
    assert.deepEqual([view.live.length, view.history.length], [0, 1]);
  });

  it("when an order to revoke was obeyed, then the grant is what the target was observed to be", async () => {
    await journal.append([anEvent("activating", d), anEvent("activated", d)]);
    const { view } = await journal.append([anOrder({ request: d })]);
    assert.equal(view.grant(d)?.status, "live");
  });
});

describe("judge, with locks", () => {
  const now = NOON + 1000;
  const request = aRequest();

  async function decisionOf(locks: readonly NewEvent[], of = request, at = now) {
    const store = new MemoryStore();
    const { hash } = await initJournal(store, JOB, NOON - HOUR);
    store.force(locks);
    const view = await (await Journal.open(store, hash)).view();
    return judge(DOCUMENTS, of, { stack: null, now: at, view });
  }

  for (const [scope, name] of [
    [{ person: "alice@example.com" }, "person `alice@example.com`"],
    [{ role: "orders-admin" }, "role `orders-admin`"],
    [{ target: "orders-production" }, "target `orders-production`"],
    [{ "*": true }, "everything"],
  ] as const) {
    it(`when ${name} is locked, then the request is denied, and it is said until when`, async () => {
      const { outcome, violations, expiresAt } = await decisionOf([aLock(scope)]);
      assert.deepEqual([outcome, expiresAt], ["deny", null]);
      assert.deepEqual(violations, [
        {
          id: "locked",
          rule: null,
          path: "spec",
          observed: "2026-11-24T12:00:01.000Z",
          limit: "2026-11-24T13:00:00.000Z",
          message: `\`alice-orders\` is locked: ann@example.com locked ${name} until 2026-11-24T13:00:00.000Z (\`Stolen laptop\`); ask for it after that`,
        },
      ]);
    });
  }

  it("when something else is locked, then it is allowed", async () => {
    const locks = [
      aLock({ person: "bob@example.com" }, NOON + HOUR, "1"),
      aLock({ role: "orders-reader" }, NOON + HOUR, "2"),
      aLock({ target: "orders-staging" }, NOON + HOUR, "3"),
    ];
    assert.equal((await decisionOf(locks)).outcome, "allow");
  });

  it("when the lock ends at this instant, then it is allowed, and a moment before it isn't", async () => {
    assert.equal((await decisionOf([aLock({ "*": true }, now)])).outcome, "allow");
    assert.equal((await decisionOf([aLock({ "*": true }, now + 1)])).outcome, "deny");
  });

  it("when it starts after the lock has ended, then it is allowed", async () => {
    const starting = (startAt: number) => aRequest({ startAt: formatInstant(startAt) });
    assert.equal((await decisionOf([aLock({ "*": true })], starting(NOON + HOUR))).outcome, "allow");
    assert.equal((await decisionOf([aLock({ "*": true })], starting(NOON + HOUR - 1))).outcome, "deny");
  });

  it("when its grant is live or has ended, then the lock is not said of it", async () => {
    const { violations, requestDigest } = await decisionOf([aLock({ "*": true })]);
    assert.equal(violations.length, 1);
    const live = [anEvent("activating", requestDigest), anEvent("activated", requestDigest), aLock({ "*": true })];
    assert.equal((await decisionOf(live)).outcome, "allow");
    const ended = await decisionOf([...live, anEvent("revoked", requestDigest)]);
    assert.deepEqual(
      ended.violations.map(({ id }) => id),
      ["request-ended"],
    );
  });
});
