// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { digestOf, type EndedGrant, formatInstant, type LiveGrant } from "@elevation/domain";
import { aLive, anEnded, aPolicy, ask, at, messages, outcome, TEAM } from "./documents";

const NOW = "2026-11-24T10:00:00Z";
const ALLOWED = "dba until 2026-11-24T10:45:00.000Z";
const LIMITED = "dba: limit-exceeded";
const MINUTE = 60_000;

interface Given {
  readonly live?: readonly LiveGrant[];
  readonly history?: readonly EndedGrant[];
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly rule?: Readonly<Record<string, unknown>>;
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly now?: string;
}

function asked(limits: unknown, { live = [], history = [], spec = {}, rule = {}, policy = {}, now = NOW }: Given = {}) {
  return ask({ now, policy: aPolicy(rule, { limits, ...policy }), directory: TEAM, spec, context: { live, history } });
}

const judged = (...given: Parameters<typeof asked>) => outcome(asked(...given));

function other(n: number, grant: Partial<LiveGrant> = {}): LiveGrant {
  return aLive({ request: digestOf(`live ${n}`), ...grant });
}

describe("limits on live grants", () => {
  const TWO = { perPerson: { live: 2 } };

  it("when a person has fewer than the limit, this one included, then it is allowed; one more is not", () => {
    assert.equal(judged(TWO, { live: [other(1)] }), ALLOWED);
    assert.equal(judged(TWO, { live: [other(1), other(2)] }), LIMITED);
    assert.equal(judged({ perPerson: { live: 1 } }), ALLOWED);
    assert.equal(judged({ perPerson: { live: 1 } }, { live: [other(1)] }), LIMITED);
  });

  it("when grants are of other roles and environments, then they count; other people's and ended ones don't", () => {
    const elsewhere = [other(1, { role: "ledger-auditor" }), other(2, { environment: "staging" })];
    assert.equal(judged(TWO, { live: elsewhere }), LIMITED);
    const bob = { requester: "bob@example.com" };
    assert.equal(judged(TWO, { live: [other(1, bob), other(2, bob)], history: [anEnded(), anEnded()] }), ALLOWED);
  });

  it("when a list of grants grows between two decisions, then the second one counts what was added", () => {
    const live = [other(1)];
    assert.equal(judged(TWO, { live }), ALLOWED);
    live.push(other(2));
    assert.equal(judged(TWO, { live }), LIMITED);
  });

  it("when a grant ends before the start, or should have ended already, then it counts while it is live", () => {
    const live = [other(1), other(2, { expiresAt: at("2026-11-24T09:00:00Z") })];
    assert.equal(judged(TWO, { live, spec: { startAt: "2026-11-24T18:00:00Z" } }), LIMITED);
  });

  it("when the limit is reached, then it says how many are live, and how long to wait", () => {
    const live = [other(1), other(2, { expiresAt: at("2026-11-24T10:30:00Z") })];
    const decision = asked(TWO, { live });
    assert.deepEqual(messages(decision), [
      "limit-exceeded: `alice-orders` would be live grant 3 of `alice@example.com`, the policy allows a person 2; end one, or wait until 2026-11-24T10:30:00.000Z",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual([observed, limit, path, rule], ["3", "2", "spec.requester", null]);
    assert.deepEqual(messages(asked({ perPerson: { live: 1 } }, { live })), [
      "limit-exceeded: `alice-orders` would be live grant 3 of `alice@example.com`, the policy allows a person 1; end 2 of them, or wait until 2026-11-24T11:00:00.000Z",
    ]);
  });

  const ROLE = { perRole: { "orders-admin": { live: 2 } } };
  const bob = { requester: "bob@example.com" };

  it("when a role has a limit, then everybody's grants of it in this environment count, and no others", () => {
    assert.equal(judged(ROLE, { live: [other(1, bob)] }), ALLOWED);
    assert.equal(judged(ROLE, { live: [other(1, bob), other(2)] }), LIMITED);
    assert.equal(judged(ROLE, { live: [other(1, bob), other(2, { environment: "staging" })] }), ALLOWED);
    assert.equal(judged(ROLE, { live: [other(1, bob), other(2, { role: "ledger-auditor" })] }), ALLOWED);
    assert.equal(judged({ perRole: { "ledger-auditor": { live: 1 } } }, { live: [other(1, bob), other(2)] }), ALLOWED);
  });

  it("when the role's limit is reached, then it says so", () => {
    const decision = asked(ROLE, { live: [other(1, bob), other(2, bob)] });
    assert.deepEqual(messages(decision), [
      "limit-exceeded: `alice-orders` would be live grant 3 of `orders-admin` in `production`, the policy allows 2; end one, or wait until 2026-11-24T11:00:00.000Z",
    ]);
    assert.equal(decision.violations[0]?.path, "spec.role");
  });

  it("when both are reached, or another thing is wrong too, then all of it is said", () => {
    const limits = { ...ROLE, perPerson: { live: 2 } };
    assert.equal(judged(limits, { live: [other(1), other(2)] }), "dba: limit-exceeded, limit-exceeded");
    assert.equal(
      judged(limits, { live: [other(1), other(2)], spec: { duration: "PT9H" } }),
      "dba: duration-too-long, limit-exceeded, limit-exceeded",
    );
    assert.equal(
      judged(
        { perRole: { "orders-admin": { live: 1 } } },
        { live: [other(1)], spec: { requester: "olga@example.com" } },
      ),
      "null: not-eligible, limit-exceeded",
    );
  });

  it("when it is a break-glass request, then limits hold all the same", () => {
    const breakGlass = {
      who: "everyone",
      roles: "*",
      environments: "*",
      maxDuration: "PT1H",
      review: { from: "everyone", within: "PT24H" },
    };
    assert.equal(
      judged(TWO, { live: [other(1), other(2)], spec: { breakGlass: true }, policy: { breakGlass } }),
      "breakGlass: limit-exceeded",
    );
  });
});

describe("heldPer", () => {
  const limits = (max: string, window = "PT24H") => ({ perPerson: { heldPer: { window, max } } });
  const ended = (from: string, to: string, grant: Partial<EndedGrant> = {}) =>
    anEnded({ activatedAt: at(from), expiresAt: at(to), endedAt: at(to), ...grant });
  // Held so far: 08:00 to 08:30.
  const history = [ended("2026-11-24T08:00:00Z", "2026-11-24T08:30:00Z")];

  it("when all of it adds up to exactly the most, then it is allowed; a millisecond more is not", () => {
    assert.equal(judged(limits("PT1H15M"), { history }), ALLOWED);
    assert.equal(judged(limits("PT1H14M59.999S"), { history }), LIMITED);
    assert.equal(judged(limits("PT45M")), ALLOWED);
    assert.equal(judged(limits("PT44M59.999S")), LIMITED);
  });

  it("when a grant ended early or late, then until it ended", () => {
    const early = [ended("2026-11-24T08:00:00Z", "2026-11-24T08:30:00Z", { endedAt: at("2026-11-24T08:10:00Z") })];
    assert.equal(judged(limits("PT55M"), { history: early }), ALLOWED);
    assert.equal(judged(limits("PT54M"), { history: early }), LIMITED);
    const late = [ended("2026-11-24T08:00:00Z", "2026-11-24T08:30:00Z", { endedAt: at("2026-11-24T09:00:00Z") })];
    assert.equal(judged(limits("PT1H45M"), { history: late }), ALLOWED);
    assert.equal(judged(limits("PT1H44M"), { history: late }), LIMITED);
  });

  it("when a grant is live, then until its end, or until now where it should have ended; only what lies in the window", () => {
    // Its end, 11:00, lies after this one's, 10:45: 08:00 to 10:45 counts, and 10:00 to 10:45 once more.
    assert.equal(judged(limits("PT3H30M"), { live: [other(1)] }), ALLOWED);
    assert.equal(judged(limits("PT3H29M59S"), { live: [other(1)] }), LIMITED);
    const over = [other(1, { expiresAt: at("2026-11-24T09:00:00Z") })];
    assert.equal(judged(limits("PT2H45M"), { live: over }), ALLOWED);
    assert.equal(judged(limits("PT2H44M59S"), { live: over }), LIMITED);
  });

  it("when the window begins in the middle of a grant, then only what lies inside counts", () => {
    // It ends with this grant, at 10:45, and so begins at 08:15.
    assert.equal(judged(limits("PT1H", "PT2H30M"), { history }), ALLOWED);
    assert.equal(judged(limits("PT59M59.999S", "PT2H30M"), { history }), LIMITED);
    // Just at its end: nothing counts.
    assert.equal(judged(limits("PT45M", "PT2H15M"), { history }), ALLOWED);
    assert.equal(judged(limits("PT45M", "PT2H15M0.001S"), { history }), LIMITED);
  });

  it("when this grant is longer than the window, then only its end counts", () => {
    assert.equal(judged(limits("PT30M", "PT30M")), ALLOWED);
    assert.equal(judged(limits("PT29M", "PT30M")), LIMITED);
  });

  it("when grants overlap, then each counts", () => {
    const twice = [...history, ...history];
    assert.equal(judged(limits("PT1H45M"), { history: twice }), ALLOWED);
    assert.equal(judged(limits("PT1H44M"), { history: twice }), LIMITED);
  });

  it("when they are of any role and environment, then they count; other people's don't", () => {
    const elsewhere = [ended("2026-11-24T08:00:00Z", "2026-11-24T08:30:00Z", { role: "gone", environment: "staging" })];
    assert.equal(judged(limits("PT1H"), { history: elsewhere }), LIMITED);
    const bobs = [ended("2026-11-24T08:00:00Z", "2026-11-24T08:30:00Z", { requester: "bob@example.com" })];
    assert.equal(judged(limits("PT45M"), { history: bobs }), ALLOWED);
  });

  it("when closing time or a deny rule cuts this one, then what is left counts, and the window ends there", () => {
    const hours = { zone: "UTC", days: ["tue"], from: "09:00", to: "10:15", mode: "hold" };
    assert.equal(judged(limits("PT15M"), { rule: { hours } }), "dba until 2026-11-24T10:15:00.000Z");
    assert.equal(judged(limits("PT14M59S"), { rule: { hours } }), LIMITED);
    const freeze = (from: string) => ({
      ...{ id: "freeze", effect: "deny", who: "everyone", roles: "*", environments: "*" },
      during: { from, to: "2026-11-25T00:00:00Z" },
    });
    const cut = (from: string, max: string, past: readonly EndedGrant[] = []) => {
      const { rules } = JSON.parse(aPolicy());
      return judged(limits(max), { history: past, policy: { rules: [...rules, freeze(from)] } });
    };
    assert.equal(cut("2026-11-24T10:20:00Z", "PT20M"), "dba until 2026-11-24T10:20:00.000Z");
    assert.equal(cut("2026-11-24T10:20:00Z", "PT19M"), LIMITED);
    // Where something is denied there is no end, and nothing to judge.
    assert.equal(cut(NOW, "PT1S", history), "dba: denied");
  });

  it("when no rule speaks, then it isn't judged; when one speaks against it, then it is", () => {
    assert.equal(judged(limits("PT1S"), { spec: { requester: "olga@example.com" } }), "null: not-eligible");
    assert.equal(judged(limits("PT1S"), { spec: { breakGlass: true } }), "null: break-glass-not-allowed");
    assert.equal(judged(limits("PT9H"), { spec: { duration: "PT9H" } }), "dba: duration-too-long");
    assert.equal(judged(limits("PT8H59M"), { spec: { duration: "PT9H" } }), "dba: duration-too-long, limit-exceeded");
  });

  it("when it starts later, then from then on", () => {
    const spec = { startAt: "2026-11-24T18:00:00Z" };
    const later = "dba until 2026-11-24T18:45:00.000Z";
    assert.equal(judged(limits("PT45M", "PT1H"), { history, live: [other(1)], spec }), later);
    // 18:45 less 7 h 45 min is 11:00, when the live one ends.
    assert.equal(judged(limits("PT45M", "PT7H45M"), { live: [other(1)], spec }), later);
    assert.equal(judged(limits("PT45M", "PT7H46M"), { live: [other(1)], spec }), LIMITED);
  });

  it("when it is too much, then it says how much, and whether asking for less would help", () => {
    const decision = asked(limits("PT1H", "P1D"), { history });
    assert.deepEqual(messages(decision), [
      "limit-exceeded: `alice-orders` would bring what `alice@example.com` holds within 1 d to 1 h 15 min, the policy allows 1 h; ask for at least 15 min less, or later",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual([observed, limit, path, rule], ["PT1H15M", "PT1H", "spec.duration", null]);
    assert.deepEqual(messages(asked(limits("PT20M"), { history })), [
      "limit-exceeded: `alice-orders` would bring what `alice@example.com` holds within 1 d to 1 h 15 min, the policy allows 20 min; ask again later",
    ]);
  });

  it("when clocks change, then an hour held is an hour", () => {
    const now = "2026-10-25T03:00:00Z";
    const night = [ended("2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z")];
    const given = { now, history: night, spec: { requestedAt: now, duration: "PT1H" } };
    const end = formatInstant(at(now) + 60 * MINUTE);
    assert.equal(judged(limits("PT3H"), given), `dba until ${end}`);
    assert.equal(judged(limits("PT2H59M"), given), LIMITED);
  });
});
