// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { canonicalJson, digestOf, isDocumentError, lockedBy, lockOf, namedLock, readOrder } from "@elevation/domain";

const DIGEST = `sha256:${"a".repeat(64)}`;
const COMMON = { by: "ann@example.com", at: "2026-11-24T10:00:00Z", id: "1", reason: "Stolen laptop" };
const LOCK = { person: "alice@example.com", until: "2026-11-25T10:00:00Z" };

function textOf(payload: object): string {
  return JSON.stringify({ apiVersion: "elevation/v1", kind: "Order", payload, signature: "…" }, null, 2);
}

function problemsOf(payload: object): string[] {
  try {
    readOrder({ file: "order.json", text: textOf(payload) });
    return [];
  } catch (error) {
    assert.ok(isDocumentError(error));
    return error.problems.map(({ message }) => message);
  }
}

describe("an order", () => {
  it("when it is good, then its digest is that of the payload, whatever signs it", () => {
    const payload = { ...COMMON, order: "revoke", request: DIGEST };
    const { digest, value } = readOrder({ file: "order.json", text: textOf(payload) });
    assert.equal(digest, digestOf(payload));
    assert.equal(
      canonicalJson(value.payload),
      `{"at":"2026-11-24T10:00:00Z","by":"ann@example.com","id":"1","order":"revoke","reason":"Stolen laptop","request":"${DIGEST}"}`,
    );
  });

  for (const [name, payload, problems] of [
    [
      "a revoke names no request",
      { order: "revoke" },
      ["`payload` lacks the field `request`, which an order `revoke` has; add it"],
    ],
    [
      "an abandon has a lock",
      { order: "abandon", request: DIGEST, lock: LOCK },
      ["`payload.lock` is given in an order `abandon`, which has none; leave it out"],
    ],
    [
      "a lock locks nothing",
      { order: "lock" },
      ["`payload` lacks the field `lock`, which an order `lock` has; add it"],
    ],
    [
      "the order is unknown",
      { order: "revok", request: DIGEST },
      ["`payload.order` is `revok`, not `revoke`, `breakGlass`, `review`, `lock` or `abandon`; write one of them"],
    ],
    [
      "a lock names no scope",
      { order: "lock", lock: { until: LOCK.until } },
      ["`payload.lock` names nothing; give exactly one of `person`, `role`, `target`, `*`"],
    ],
    [
      "a lock names two",
      { order: "lock", lock: { ...LOCK, role: "orders-admin" } },
      ["`payload.lock` names `person` and `role`; give exactly one of `person`, `role`, `target`, `*`"],
    ],
    [
      "a lock is over before it begins, which would lift it",
      { order: "lock", lock: { ...LOCK, until: COMMON.at } },
      [
        "`payload.lock.until` is not after `payload.at`, and a lock can't be lifted: that takes the trust bundle's threshold of administrators, which this version does not serve; a lock ends at its `until`",
      ],
    ],
    [
      "the reason is blank",
      { order: "revoke", request: DIGEST, reason: " " },
      ["`payload.reason` is ` `, not a reason; say what it is for"],
    ],
    [
      "the id is none",
      { order: "revoke", request: DIGEST, id: "../1" },
      ["`payload.id` is `../1`, not an id; write 1 to 128 of letters, digits and `.` `_` `:` `-`, as uuidgen does"],
    ],
    [
      "a field is unknown",
      { order: "revoke", request: DIGEST, requests: "x" },
      ["unknown field `payload.requests`; did you mean `request`?"],
    ],
  ] as const) {
    it(`when ${name}, then that is said`, () => {
      assert.deepEqual(problemsOf({ ...COMMON, ...payload }), problems);
    });
  }
});

describe("a lock", () => {
  const grant = { requester: "alice@example.com", role: "orders-admin", connection: "orders-production" };
  const until = Date.parse(LOCK.until);
  const lock = (scope: object) => {
    const payload = { ...COMMON, order: "lock", lock: { ...scope, until: LOCK.until } };
    const found = lockOf(readOrder({ file: "order.json", text: textOf(payload) }).value);
    assert.ok(found !== null);
    return found;
  };

  for (const [scope, other, name] of [
    [{ person: "alice@example.com" }, { person: "bob@example.com" }, "person `alice@example.com`"],
    [{ role: "orders-admin" }, { role: "orders-reader" }, "role `orders-admin`"],
    [{ target: "orders-production" }, { target: "orders-staging" }, "target `orders-production`"],
    [{ "*": true }, null, "everything"],
  ] as const) {
    it(`when it is on ${name}, then it holds what that names, and nothing else, before its end`, () => {
      const one = lock(scope);
      assert.equal(namedLock(one.scope), name);
      assert.equal(lockedBy([one], grant, until - 1), one);
      assert.equal(lockedBy([one], grant, until), null);
      if (other !== null) assert.equal(lockedBy([lock(other)], grant, until - 1), null);
    });
  }

  it("when several hold, then the one is told that holds longest, with its own reason before the order's", () => {
    const short = lock({ "*": true });
    const long = { ...short, until: until + 1 };
    assert.equal(lockedBy([short, long, short], grant, until - 1), long);
    assert.equal(short.reason, "Stolen laptop");
    assert.equal(lock({ "*": true, reason: "Under attack" }).reason, "Under attack");
  });
});
