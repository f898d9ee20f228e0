// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { digestOf, type LiveGrant } from "@elevation/domain";
import { aLive, anEnded, aPolicy, ask, at, messages, outcome, TEAM } from "./documents";

const NOW = "2026-11-24T10:00:00Z";
const ALLOWED = "dba until 2026-11-24T10:45:00.000Z";
const APART = [["orders-admin", "ledger-auditor"]];

function asked(
  conflicts: unknown,
  live: readonly LiveGrant[],
  policy: Readonly<Record<string, unknown>> = {},
  spec = {},
) {
  return ask({ now: NOW, policy: aPolicy({}, { conflicts, ...policy }), directory: TEAM, spec, context: { live } });
}

const auditor = (grant: Partial<LiveGrant> = {}) => aLive({ role: "ledger-auditor", ...grant });

describe("roles that are kept apart", () => {
  it("when the person holds another role of a list, in any environment, then it is denied and said for each", () => {
    const decision = asked(APART, [auditor(), auditor({ environment: "staging" })]);
    assert.equal(decision.rule, "dba");
    assert.deepEqual(messages(decision), [
      "conflicting-roles: `alice-orders` asks for `orders-admin`, and `alice@example.com` holds `ledger-auditor` in `production` until 2026-11-24T11:00:00.000Z, which the policy keeps apart; end that grant first",
      "conflicting-roles: `alice-orders` asks for `orders-admin`, and `alice@example.com` holds `ledger-auditor` in `staging` until 2026-11-24T11:00:00.000Z, which the policy keeps apart; end that grant first",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual([observed, limit, path, rule], ["ledger-auditor", null, "spec.role", null]);
  });

  it("when several are held, then they are said in the order of their names, whatever the order of the list", () => {
    const live = [auditor(), auditor({ environment: "staging" })];
    assert.deepEqual(messages(asked(APART, [...live].reverse())), messages(asked(APART, live)));
  });

  it("when it is held twice there, then it is said once, with the later end, whatever the order of the list", () => {
    const live = [auditor(), auditor({ request: digestOf("longer"), expiresAt: at("2026-11-24T12:00:00Z") })];
    for (const list of [live, [...live].reverse()]) {
      assert.deepEqual(messages(asked(APART, list)), [
        "conflicting-roles: `alice-orders` asks for `orders-admin`, and `alice@example.com` holds `ledger-auditor` in `production` until 2026-11-24T12:00:00.000Z, which the policy keeps apart; end that grant first",
      ]);
    }
  });

  it("when the same role, a role of no list, or somebody else's is held, or it has ended, then there is no conflict", () => {
    assert.equal(outcome(asked(APART, [aLive()])), ALLOWED);
    assert.equal(outcome(asked(APART, [auditor({ role: "gone" })])), ALLOWED);
    assert.equal(outcome(asked(APART, [auditor({ requester: "bob@example.com" })])), ALLOWED);
    const context = { history: [anEnded({ role: "ledger-auditor" })] };
    assert.equal(
      outcome(ask({ now: NOW, policy: aPolicy({}, { conflicts: APART }), directory: TEAM, context })),
      ALLOWED,
    );
    assert.equal(outcome(asked(undefined, [auditor()])), ALLOWED);
  });

  it("when a role stands in two lists, then those of both exclude it, and they don't exclude one another", () => {
    const target = { kind: "postgres", connection: "orders", role: "x" };
    const names = ["orders-admin", "ledger-auditor", "payroll"];
    const roles = Object.fromEntries(names.map((name) => [name, { targets: { production: target } }]));
    const lists = [
      ["orders-admin", "ledger-auditor"],
      ["payroll", "orders-admin"],
    ];
    const of = (held: string, asksFor = "orders-admin") =>
      outcome(
        ask({
          now: NOW,
          policy: aPolicy({ roles: "*" }, { roles, conflicts: lists }),
          directory: TEAM,
          spec: { role: asksFor },
          context: { live: [auditor({ role: held })] },
        }),
      );
    assert.equal(of("ledger-auditor"), "dba: conflicting-roles");
    assert.equal(of("payroll"), "dba: conflicting-roles");
    assert.equal(of("payroll", "ledger-auditor"), ALLOWED);
    assert.equal(of("orders-admin", "payroll"), "dba: conflicting-roles");
  });

  it("when it starts after the other grant ends, then it conflicts all the same: that one is live now", () => {
    assert.equal(outcome(asked(APART, [auditor()], {}, { startAt: "2026-11-24T18:00:00Z" })), "dba: conflicting-roles");
  });

  it("when it is a break-glass request, or nobody may have it, then conflicts are said too", () => {
    const breakGlass = {
      who: "everyone",
      roles: "*",
      environments: "*",
      maxDuration: "PT1H",
      review: { from: "everyone", within: "PT24H" },
    };
    assert.equal(
      outcome(asked(APART, [auditor()], { breakGlass }, { breakGlass: true })),
      "breakGlass: conflicting-roles",
    );
    const olga = "olga@example.com";
    assert.equal(
      outcome(asked(APART, [auditor({ requester: olga })], {}, { requester: olga })),
      "null: not-eligible, conflicting-roles",
    );
  });
});
