// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { EndedGrant, LiveGrant } from "@elevation/domain";
import { aLive, anEnded, aPolicy, aRule, ask, later, messages, outcome, TEAM } from "./documents";

// The last grant ended at 08:30: four hours are over at 12:30.
const OVER = "2026-11-24T12:30:00Z";
const RULE = { cooldown: "PT4H" };
const COOLING = "dba: cooling-down";

interface Given {
  readonly now?: string;
  readonly history?: readonly EndedGrant[];
  readonly live?: readonly LiveGrant[];
  readonly spec?: Readonly<Record<string, unknown>>;
}

function asked({ now = later(OVER, -1), history = [anEnded()], live = [], spec = {} }: Given = {}) {
  return ask({ now, policy: aPolicy(RULE), directory: TEAM, spec, context: { history, live } });
}

describe("cooldown", () => {
  it("when it is over, then it is allowed; a millisecond before it is not", () => {
    assert.equal(outcome(asked()), COOLING);
    assert.equal(outcome(asked({ now: OVER })), "dba until 2026-11-24T13:15:00.000Z");
  });

  it("when there are several ended grants, then the last to end counts, whatever the order of the list", () => {
    const history = [
      anEnded(),
      anEnded({ endedAt: anEnded().endedAt - 1 }),
      anEnded({ endedAt: anEnded().endedAt + 2 }),
    ];
    assert.equal(outcome(asked({ now: later(OVER, 1), history })), COOLING);
    assert.equal(outcome(asked({ now: later(OVER, 1), history: [...history].reverse() })), COOLING);
    assert.equal(outcome(asked({ now: later(OVER, 2), history })), "dba until 2026-11-24T13:15:00.002Z");
  });

  it("when it starts later, then its start is judged", () => {
    assert.equal(outcome(asked({ spec: { startAt: later(OVER, -1) }, now: "2026-11-24T10:00:00Z" })), COOLING);
    assert.equal(
      outcome(asked({ spec: { startAt: OVER }, now: "2026-11-24T10:00:00Z" })),
      "dba until 2026-11-24T13:15:00.000Z",
    );
  });

  it("when the grant was of another role or environment by this rule, then it counts", () => {
    assert.equal(outcome(asked({ history: [anEnded({ role: "gone", environment: "staging" })] })), COOLING);
  });

  it("when it was by another rule, by break-glass, by no known rule, somebody else's, or is still live, then it doesn't", () => {
    const allowed = "dba until 2026-11-24T13:14:59.999Z";
    const { rule: _, ...ruleless } = anEnded();
    const histories = [
      [anEnded({ rule: "other" })],
      [anEnded({ rule: "breakGlass", breakGlass: true })],
      [ruleless],
      [anEnded({ requester: "bob@example.com" })],
      [],
    ];
    for (const history of histories) assert.equal(outcome(asked({ history })), allowed);
    assert.equal(outcome(asked({ history: [], live: [aLive()] })), allowed);
  });

  it("when a rule cools down, then another one may allow", () => {
    const policy = aPolicy({}, { rules: [aRule(RULE), aRule({ id: "next", duration: { max: "PT1H" } })] });
    const context = { history: [anEnded()] };
    assert.equal(
      outcome(ask({ now: "2026-11-24T10:00:00Z", policy, directory: TEAM, context })),
      "next until 2026-11-24T10:45:00.000Z",
    );
  });

  it("when it cools down, then it says since when, how long and from when on", () => {
    const decision = asked({ now: "2026-11-24T10:00:00Z" });
    assert.deepEqual(messages(decision), [
      "cooling-down: `alice-orders` would start at 2026-11-24T10:00:00.000Z, rule `dba` wants 4 h after the last grant of `alice@example.com` by it, which ended at 2026-11-24T08:30:00.000Z; set `startAt` to 2026-11-24T12:30:00.000Z or later",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual(
      [observed, limit, path, rule],
      ["2026-11-24T10:00:00.000Z", "2026-11-24T12:30:00.000Z", "spec.startAt", "dba"],
    );
  });
});
