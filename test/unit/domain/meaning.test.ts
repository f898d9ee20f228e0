// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { compareMeaning, type MeaningChange, readJudge } from "@elevation/domain";
import { at } from "./documents";

const RULE = {
  id: "dba-orders",
  effect: "allow",
  who: { jobFunctions: ["dba"] },
  roles: ["orders"],
  environments: ["production"],
  duration: { max: "PT1H" },
} as const;
const FREEZE = { id: "freeze", effect: "deny", who: "everyone", roles: "*", environments: "*" } as const;
const WEEK = { zone: "UTC", days: ["mon", "tue", "wed", "thu", "fri"], from: "08:00", to: "18:00" } as const;

const POLICY = {
  apiVersion: "elevation/v1",
  kind: "Policy",
  environments: { production: {}, staging: {} },
  roles: {
    orders: {
      targets: {
        production: { kind: "postgres", connection: "orders", role: "admin" },
        staging: { kind: "postgres", connection: "orders", role: "admin" },
      },
    },
    ledger: { targets: { production: { kind: "postgres", connection: "ledger", role: "reader" } } },
  },
  rules: [RULE],
  requests: { proof: "signature" },
};
const DIRECTORY = {
  apiVersion: "elevation/v1",
  kind: "Directory",
  people: {
    "ann@example.com": { jobFunctions: ["dba"], identities: { postgres: "ann" } },
    "ben@example.com": { jobFunctions: ["dba"], identities: { postgres: "ben" } },
    "cat@example.com": { jobFunctions: ["lead"], identities: { postgres: "cat" } },
    "dan@example.com": { jobFunctions: ["lead"] },
  },
  jobFunctions: { dba: {}, lead: {} },
  onCall: { orders: [{ person: "cat@example.com", from: "2026-11-23T00:00:00Z", to: "2026-11-30T00:00:00Z" }] },
};
const NOW = "2026-11-24T10:00:00Z";

interface Documents {
  readonly policy?: object;
  readonly directory?: object;
}

function compare(old: Documents, now: Documents): MeaningChange {
  const [before, after] = [old, now].map(({ directory = {}, policy = {} }) => {
    const text = (document: object, change: object) => JSON.stringify({ ...document, ...change });
    const judge = readJudge(
      { file: "elevation.json", text: text(POLICY, policy) },
      { file: "directory.json", text: text(DIRECTORY, directory) },
      "study",
    );
    return { policy: judge.policy.value, directory: judge.directory.value };
  });
  assert.ok(before && after);
  return compareMeaning(before, after, at(NOW));
}

/** As in `wider ann@example.com ben@example.com: orders in production`. */
function effects({ access }: MeaningChange): string[] {
  return access.map(({ effect, people, places }) => {
    const where = places.map(({ environment, role }) => `${role} in ${environment}`).join(", ");
    return `${effect} ${people.people.map((person) => person.slice(0, 3)).join(" ")}: ${where}`;
  });
}

const rules = (...all: readonly object[]): Documents => ({ policy: { rules: all } });
const rule = (change: object): Documents => rules({ ...RULE, ...change });

describe("compareMeaning()", () => {
  const DBAS = "ann ben: orders in production";

  describe("of one rule that changes", () => {
    const rows: readonly (readonly [string, object, object, string])[] = [
      ["a longer maximum", { duration: { max: "PT1H" } }, { duration: { max: "PT8H" } }, "wider"],
      ["a shorter minimum", { duration: { min: "PT10M", max: "PT1H" } }, { duration: { max: "PT1H" } }, "wider"],
      ["a longer default", { duration: { default: "PT10M", max: "PT1H" } }, { duration: { max: "PT1H" } }, "wider"],
      ["a clamp", { duration: { max: "PT1H" } }, { duration: { max: "PT1H", clamp: true } }, "wider"],
      ["a shorter reason", { reason: { minLength: 20 } }, { reason: { minLength: 10 } }, "wider"],
      ["no pattern of the reason", { reason: { matches: "INC" } }, {}, "wider"],
      ["another pattern of the reason", { reason: { matches: "INC" } }, { reason: { matches: "CHG" } }, "both"],
      ["no ticket", { ticket: { matches: "INC" } }, {}, "wider"],
      ["a shorter cooldown", { cooldown: "PT4H" }, { cooldown: "PT1H" }, "wider"],
      ["no cooldown", { cooldown: "PT4H" }, {}, "wider"],
      ["a new name, which forgets the cooldown", { cooldown: "PT4H" }, { cooldown: "PT4H", id: "other" }, "both"],
      ["a new name", {}, { id: "other" }, "same"],
      ["no approvals", { approvals: lead(1) }, {}, "wider"],
      ["fewer approvals", { approvals: lead(2) }, { approvals: lead(1) }, "wider"],
      ["one demand of two", { approvals: { all: [lead(1), dba(1)] } }, { approvals: lead(1) }, "wider"],
      ["one more way", { approvals: lead(1) }, { approvals: { any: [lead(1), dba(1)] } }, "wider"],
      [
        "the same in another order",
        { approvals: { all: [lead(1), dba(1)] } },
        { approvals: { all: [dba(1), lead(1)] } },
        "same",
      ],
      ["approvals by others", { approvals: lead(1) }, { approvals: dba(1) }, "both"],
      ["approvals by more", { approvals: lead(1) }, { approvals: { from: "everyone", count: 1 } }, "wider"],
      [
        "two people where one could fill both places",
        { approvals: { all: [lead(1), lead(1)] } },
        { approvals: lead(1) },
        "wider",
      ],
      ["imported approvals", { approvals: lead(1) }, { approvals: { ...lead(1), imported: true } }, "wider"],
      ["approvals that last", { approvals: lead(1), approvalsValidFor: "PT1H" }, { approvals: lead(1) }, "wider"],
      ["extensions", {}, { extensions: { max: 1, upTo: "PT1H" } }, "wider"],
      ["more extensions", { extensions: { max: 1, upTo: "PT1H" } }, { extensions: { max: 2, upTo: "PT1H" } }, "wider"],
      [
        "longer extensions",
        { extensions: { max: 1, upTo: "PT30M" } },
        { extensions: { max: 1, upTo: "PT1H" } },
        "wider",
      ],
      ["others who may ask", {}, { onBehalf: { jobFunctions: ["lead"] } }, "wider"],
      ["more who may ask", { onBehalf: { jobFunctions: ["lead"] } }, { onBehalf: "everyone" }, "wider"],
      ["hours", { hours: WEEK }, {}, "wider"],
      ["longer hours", { hours: WEEK }, { hours: { ...WEEK, to: "20:00" } }, "wider"],
      ["other hours", { hours: WEEK }, { hours: { ...WEEK, from: "09:00", to: "19:00" } }, "both"],
      ["access beyond closing time", { hours: { ...WEEK, mode: "hold" } }, { hours: WEEK }, "wider"],
      ["a longer maximum within the same hours", hold("PT1H"), hold("PT2H"), "wider"],
      ["a longer maximum than the day", hold("PT10H", true), hold("PT12H", true), "same"],
    ];
    for (const [what, old, now, effect] of rows) {
      it(`when it is ${what}, then it is ${effect}, and the other way round the opposite`, () => {
        const there = compare(rule(old), rule(now));
        assert.deepEqual(effects(there), [`${effect} ${DBAS}`]);
        const back = { wider: "narrower", both: "both", same: "same" }[effect];
        assert.deepEqual(effects(compare(rule(now), rule(old))), [`${back} ${DBAS}`]);
        assert.deepEqual([there.widened, there.narrowed], [effect !== "same", effect === "both"]);
      });
    }
  });

  it("when a rule comes or goes, then those whom it alone is for gain or lose", () => {
    const lead = { ...RULE, id: "lead-orders", who: { jobFunctions: ["lead"] }, environments: "*" };
    const change = compare(rules(RULE), rules(lead));
    // Dan has no login there.
    assert.deepEqual(effects(change), ["gain cat: orders in production, orders in staging", `loss ${DBAS}`]);
    const [gain, loss] = change.access;
    assert.deepEqual(
      [gain?.longest, gain?.gained, gain?.lost, loss?.longest, loss?.gained, loss?.lost],
      [{ from: null, to: "PT1H" }, always, null, { from: "PT1H", to: null }, null, always],
    );
    assert.deepEqual(gain?.changes, [
      { rule: "lead-orders", effect: "allow", field: "rule", from: null, to: "duration.max PT1H" },
    ]);
  });

  it("when a rule gives nothing that another doesn't, then it is without effect", () => {
    const less = { ...RULE, id: "less", duration: { max: "PT30M" }, ticket: { matches: "INC" } };
    assert.deepEqual(effects(compare(rules(RULE), rules(RULE, less))), [`same ${DBAS}`]);
    // The first that allows decides: it would give less to whoever names no duration.
    assert.deepEqual(effects(compare(rules(RULE), rules(less, RULE))), [`narrower ${DBAS}`]);
  });

  it("when a deny rule goes, is for others or at other times, then that is when somebody gains", () => {
    const during = { from: "2026-12-20T00:00:00Z", to: "2027-01-02T00:00:00Z" };
    const gone = compare(rules(RULE, { ...FREEZE, during }), rules(RULE));
    // An hour before it access was cut short.
    assert.deepEqual(
      gone.access.map(({ effect, gained }) => [effect, gained]),
      [["wider", { always: false, from: NOW_TEXT, to: "2027-01-02T00:00:00.000Z", stretches: 1 }]],
    );
    const later = { ...during, from: "2026-12-21T00:00:00Z" };
    assert.deepEqual(effects(compare(rules(RULE, { ...FREEZE, during }), rules(RULE, { ...FREEZE, during: later }))), [
      `wider ${DBAS}`,
    ]);
    const forLeads = { ...FREEZE, who: { jobFunctions: ["lead"] } };
    assert.deepEqual(effects(compare(rules(RULE, FREEZE), rules(RULE, forLeads))), [
      `gain ${DBAS}`.replace("gain", "wider"),
    ]);
    const past = { from: "2026-11-01T00:00:00Z", to: "2026-11-02T00:00:00Z" };
    assert.deepEqual(effects(compare(rules(RULE, { ...FREEZE, during: past }), rules(RULE))), [`same ${DBAS}`]);
  });

  it("when a deny rule of another year goes, then that is found too, within hours as well", () => {
    const during = { from: "2029-01-01T00:00:00Z", to: "2029-02-01T00:00:00Z" };
    for (const hours of [undefined, WEEK]) {
      const timed = { ...RULE, hours };
      const { access } = compare(rules(timed, { ...FREEZE, during }), rules(timed));
      assert.deepEqual(
        access.map(({ effect, gained }) => [effect, gained?.from.slice(0, 10), gained?.to]),
        [["wider", hours === undefined ? "2028-12-31" : "2029-01-01", null]],
      );
    }
  });

  it("when hours are those of a zone with summer time, then the weeks in which they differ are found", () => {
    const zoned = (zone: string) => rule({ hours: { ...WEEK, days: ["mon"], zone } });
    const { access } = compare(zoned("Europe/Berlin"), zoned("Etc/GMT-1"));
    assert.deepEqual(
      access.map(({ effect, gained }) => [effect, gained]),
      [["both", { always: false, from: "2027-03-29T16:00:00.000Z", to: "2027-10-25T17:00:00.000Z", stretches: 31 }]],
    );
  });

  it("when hours of a far year are those of another zone, then the weeks of that year in which they differ are found", () => {
    const during = { from: "2028-01-01T00:00:00Z", to: "2029-01-01T00:00:00Z" };
    const zoned = (zone: string) => rules(RULE, { ...FREEZE, during, hours: { ...WEEK, zone } });
    const { access } = compare(zoned("Europe/Berlin"), zoned("Africa/Lagos"));
    assert.deepEqual(
      access.map(({ effect, gained }) => [effect, gained?.always, gained?.from, gained?.to]),
      // Berlin's clocks change on the Sunday before; a grant of an hour was cut short from an hour before.
      [["both", false, "2028-03-27T05:00:00.000Z", null]],
    );
    // Summer time as in Berlin, but not in the month of fasting.
    const fasting = (zone: string) => rule({ hours: { ...WEEK, days: ["sun"], zone } });
    assert.deepEqual(effects(compare(fasting("Africa/Lagos"), fasting("Africa/Casablanca"))), [`both ${DBAS}`]);
    assert.deepEqual(effects(compare(zoned("Africa/Lagos"), zoned("Africa/Luanda"))), [`same ${DBAS}`]);
  });

  it("when somebody is on call at other times, then they gain then", () => {
    const onCall = rule({ who: { onCall: ["orders"] } });
    const duty = { person: "cat@example.com", from: "2026-12-07T00:00:00Z", to: "2026-12-14T00:00:00Z" };
    const more = { ...onCall, directory: { onCall: { orders: [...DIRECTORY.onCall.orders, duty] } } };
    const change = compare(onCall, more);
    assert.deepEqual(
      change.access.map(({ changes, effect, gained, people }) => [effect, people.people, changes, gained]),
      [
        [
          "wider",
          ["cat@example.com"],
          [
            {
              rule: "dba-orders",
              effect: "allow",
              field: "on call",
              from: "2026-11-23T00:00:00.000Z to 2026-11-30T00:00:00.000Z",
              to: "2026-11-23T00:00:00.000Z to 2026-11-30T00:00:00.000Z, 2026-12-07T00:00:00.000Z to 2026-12-14T00:00:00.000Z",
            },
          ],
          { always: false, from: "2026-12-07T00:00:00.000Z", to: "2026-12-14T00:00:00.000Z", stretches: 1 },
        ],
      ],
    );
  });

  it("when somebody changes job functions, joins, leaves or gets a login, then that is theirs alone", () => {
    const people = (change: object) => ({ directory: { people: { ...DIRECTORY.people, ...change } } });
    const moved = people({ "cat@example.com": { jobFunctions: ["dba"], identities: { postgres: "cat" } } });
    assert.deepEqual(effects(compare({}, moved)), ["gain cat: orders in production"]);
    const { "ann@example.com": _, ...rest } = DIRECTORY.people;
    const left = compare({}, { directory: { people: rest } });
    assert.deepEqual(
      [effects(left), left.people],
      [["loss ann: orders in production"], { joined: [], left: ["ann@example.com"] }],
    );
    const dan = people({ "dan@example.com": { jobFunctions: ["dba"] } });
    const login = people({ "dan@example.com": { jobFunctions: ["dba"], identities: { postgres: "dan" } } });
    assert.deepEqual(effects(compare(dan, login)), ["gain dan: orders in production"]);
  });

  it("when a directory means other people by who approves or asks, then that is told once", () => {
    const asked = { ...RULE, approvals: lead(1), onBehalf: { people: ["ann@example.com"], jobFunctions: ["lead"] } };
    const people = {
      ...DIRECTORY.people,
      "ben@example.com": { jobFunctions: ["dba", "lead"], identities: { postgres: "ben" } },
    };
    const { "dan@example.com": _, ...fewer } = people;
    const change = compare(rules(asked), { ...rules(asked), directory: { people: fewer } });
    const same = {
      rules: ["dba-orders"],
      joined: ["ben@example.com"],
      left: ["dan@example.com"],
      widened: true,
      narrowed: true,
    };
    assert.deepEqual(change.approvers, [
      { who: "lead", may: "approve", ...same },
      { who: "lead or ann@example.com", may: "ask for others", ...same },
    ]);
    assert.deepEqual([effects(change), change.widened], [[], true]);
  });

  it("when a target is another, then all that it gives is gained and lost", () => {
    const roles = {
      ...POLICY.roles,
      orders: { targets: { production: { ...POLICY.roles.orders.targets.production, role: "owner" } } },
    };
    const { access } = compare({}, { policy: { roles } });
    assert.deepEqual(
      access.map(({ changes, effect }) => [effect, changes]),
      [
        [
          "both",
          [
            {
              rule: null,
              effect: null,
              field: "target",
              from: "admin at orders (postgres)",
              to: "owner at orders (postgres)",
            },
          ],
        ],
      ],
    );
  });

  it("when an environment caps durations, then rules give less there", () => {
    const environments = { production: { maxDuration: "PT30M" }, staging: {} };
    const { access } = compare({}, { policy: { environments } });
    assert.deepEqual(
      access.map(({ changes, effect, longest }) => [effect, longest, changes]),
      [
        [
          "narrower",
          { from: "PT1H", to: "PT30M" },
          [{ rule: "dba-orders", effect: "allow", field: "duration.max", from: "PT1H", to: "PT30M" }],
        ],
      ],
    );
  });

  describe("of break-glass", () => {
    const glass = {
      who: { jobFunctions: ["lead"] },
      roles: ["orders"],
      environments: ["production"],
      maxDuration: "PT1H",
      reason: { minLength: 20 },
      review: { from: { jobFunctions: ["dba"] }, within: "PT24H" },
    };
    const CAT = "cat: orders in production";
    const rows: readonly (readonly [string, object, object, string])[] = [
      ["a new one", {}, { breakGlass: glass }, "gain"],
      ["a longer one", { breakGlass: glass }, { breakGlass: { ...glass, maxDuration: "PT2H" } }, "wider"],
      ["a shorter reason", { breakGlass: glass }, { breakGlass: { ...glass, reason: { minLength: 10 } } }, "wider"],
      [
        "a later review",
        { breakGlass: glass },
        { breakGlass: { ...glass, review: { ...glass.review, within: "P2D" } } },
        "wider",
      ],
      [
        "a review by others",
        { breakGlass: glass },
        { breakGlass: { ...glass, review: { ...glass.review, from: { people: ["ann@example.com"] } } } },
        "both",
      ],
      [
        "a review by the same people, named",
        { breakGlass: glass },
        {
          breakGlass: {
            ...glass,
            review: { ...glass.review, from: { people: ["ann@example.com", "ben@example.com"] } },
          },
        },
        "same",
      ],
      ["more without a review", { breakGlass: glass }, { breakGlass: { ...glass, unreviewed: 3 } }, "wider"],
      ["a deny rule that it passes", denied(false), denied(true), "wider"],
    ];
    function denied(breakGlass: boolean) {
      return { breakGlass: glass, rules: [RULE, { ...FREEZE, breakGlass }] };
    }
    for (const [what, old, now, effect] of rows) {
      it(`when it is ${what}, then it is ${effect}`, () => {
        const change = compare({ policy: old }, { policy: now });
        const told = effects(change).filter((text) => effect === "same" || !text.startsWith("same"));
        assert.deepEqual([told, change.widened], [[`${effect} ${CAT}`], effect !== "same"]);
      });
    }
  });

  it("when a demand of many approvals is compared with as many, then each takes one of its own", () => {
    const names = Array.from({ length: 60 }, (_, n) => `${"abcdefghij"[n % 10]}${Math.floor(n / 10)}@example.com`);
    const people = Object.fromEntries(names.map((name) => [name, {}]));
    const directory = { people: { ...DIRECTORY.people, ...people } };
    // Each may be given by one less than the one before, so that only the same order fits.
    const all = names.map((_, n) => ({ from: { people: names.slice(n) }, count: 1 }));
    const fewer = all.map((leaf, n) => (n === 30 ? { ...leaf, from: { people: names.slice(31) } } : leaf));
    const demanding = (leaves: readonly object[]) => ({
      directory,
      ...rule({ approvals: { all: leaves }, duration: { max: "PT2H" } }),
    });
    assert.deepEqual(effects(compare(demanding(all), demanding(all.toReversed()))), [`same ${DBAS}`]);
    assert.deepEqual(effects(compare(demanding(all), demanding(fewer.toReversed()))), [`narrower ${DBAS}`]);
    assert.deepEqual(effects(compare(demanding(fewer), demanding(all.toReversed()))), [`wider ${DBAS}`]);
  });

  it("when approvals may be imported, then which of them is told", () => {
    const demand = { all: [{ ...lead(1), imported: true }, dba(2)] };
    const change = compare(rule({ approvals: { all: [lead(1), dba(2)] } }), rule({ approvals: demand }));
    assert.deepEqual(
      change.access.map(({ changes, effect }) => [effect, changes]),
      [["wider", [{ rule: "dba-orders", effect: "allow", field: "approvals.imported", from: null, to: "1 of lead" }]]],
    );
  });

  it("when what break-glass asks for changes, then each of it is told", () => {
    const glass = {
      who: { jobFunctions: ["lead"] },
      roles: ["orders"],
      environments: ["production"],
      maxDuration: "PT1H",
      review: { from: { jobFunctions: ["dba"] }, within: "PT24H" },
    };
    const later = { ...glass, review: { from: { people: ["ann@example.com"] }, within: "P2D" }, unreviewed: 3 };
    const { access } = compare({ policy: { breakGlass: glass } }, { policy: { breakGlass: later } });
    assert.deepEqual(
      access.flatMap(({ changes }) => changes.map(({ field, from, to }) => [field, from, to])),
      [
        ["review", "by dba within P1D", "by ann@example.com within P2D"],
        ["unreviewed", "2", "3"],
      ],
    );
    const people = { ...DIRECTORY.people, "ben@example.com": { identities: { postgres: "ben" } } };
    const fewer = compare({ policy: { breakGlass: glass } }, { policy: { breakGlass: glass }, directory: { people } });
    assert.deepEqual(
      [fewer.approvers, fewer.widened],
      [
        [
          {
            who: "dba",
            may: "review",
            rules: ["breakGlass"],
            joined: [],
            left: ["ben@example.com"],
            widened: true,
            narrowed: true,
          },
        ],
        true,
      ],
    );
  });

  it("when somebody's login or seal is another, then access opens under it, which is wider", () => {
    const people = (change: object) => ({ directory: { people: { ...DIRECTORY.people, "ann@example.com": change } } });
    const ann = { jobFunctions: ["dba"], identities: { postgres: "ann" } };
    const swapped = compare({}, people({ ...ann, identities: { postgres: "root", aws: "ann" } }));
    const one = { person: "ann@example.com", kind: "postgres", from: "ann", to: "root", widened: true, narrowed: true };
    assert.deepEqual([swapped.identities, swapped.widened, swapped.narrowed, swapped.access], [[one], true, true, []]);
    const seals: readonly (readonly [string | undefined, string | undefined, boolean, boolean])[] = [
      ["age1a", "age1b", true, true],
      [undefined, "age1b", true, false],
      ["age1a", undefined, false, true],
    ];
    for (const [from, to, widened, narrowed] of seals) {
      const change = compare(people({ ...ann, seal: from }), people({ ...ann, seal: to }));
      const seal = { person: "ann@example.com", kind: "seal", from: from ?? null, to: to ?? null, widened, narrowed };
      assert.deepEqual([change.identities, change.widened, change.narrowed], [[seal], widened, narrowed]);
    }
  });

  describe("of settings", () => {
    const rows: readonly (readonly [
      string,
      object,
      object,
      string | null,
      string | null,
      "wider" | "narrower" | "both",
      string[] | null,
    ])[] = [
      ["requests.proof", {}, { requests: { proof: "none" } }, "signature", "none", "wider", null],
      ["requests.proof", { requests: { proof: "author" } }, {}, "author", "signature", "narrower", null],
      ["startWithin", {}, { startWithin: "P8D" }, "P7D", "P8D", "wider", null],
      ["activateWithin", {}, { activateWithin: "PT1H" }, "P1D", "PT1H", "narrower", null],
      ["limits.perPerson.live", live(2), live(3), "2", "3", "wider", null],
      ["limits.perPerson.live", live(2), {}, "2", null, "wider", null],
      [
        "limits.perPerson.heldPer",
        held("P1D", "PT2H"),
        held("P1D", "PT4H"),
        "PT2H in P1D",
        "PT4H in P1D",
        "wider",
        null,
      ],
      [
        "limits.perPerson.heldPer",
        held("P1D", "PT2H"),
        held("PT12H", "PT2H"),
        "PT2H in P1D",
        "PT2H in PT12H",
        "wider",
        null,
      ],
      [
        "limits.perPerson.heldPer",
        held("P1D", "PT2H"),
        held("P2D", "PT4H"),
        "PT2H in P1D",
        "PT4H in P2D",
        "both",
        null,
      ],
      [
        "limits.perRole.orders.live",
        { limits: { perRole: { orders: { live: 1 } } } },
        {},
        "1",
        null,
        "wider",
        ["orders"],
      ],
      [
        "conflicts",
        { conflicts: [["orders", "ledger"]] },
        {},
        "ledger and orders are never held together",
        null,
        "wider",
        ["ledger", "orders"],
      ],
    ];
    for (const [setting, old, now, from, to, effect, roles] of rows) {
      it(`when ${setting} is ${from}, then ${to}, then it is ${effect}, and no rule is blamed`, () => {
        const change = compare({ policy: old }, { policy: now });
        const [widened, narrowed] = [effect !== "narrower", effect !== "wider"];
        assert.deepEqual([change.settings, change.access], [[{ setting, from, to, widened, narrowed, roles }], []]);
        assert.deepEqual([change.widened, change.narrowed], [widened, narrowed]);
      });
    }
  });

  it("when a role goes with its conflict, then holders of it may get the other, which is wider; with its limit, that is none", () => {
    const { ledger: _, ...roles } = POLICY.roles;
    const both = { conflicts: [["orders", "ledger"]], limits: { perRole: { ledger: { live: 1 } } } };
    const text = "ledger and orders are never held together";
    const change = { setting: "conflicts", roles: ["ledger", "orders"] };
    const [there, back] = [
      compare({ policy: both }, { policy: { roles } }),
      compare({ policy: { roles } }, { policy: both }),
    ];
    assert.deepEqual(
      [there.settings, there.widened, there.access],
      [[{ ...change, from: text, to: null, widened: true, narrowed: false }], true, []],
    );
    assert.deepEqual(
      [back.settings, back.widened],
      [[{ ...change, from: null, to: text, widened: false, narrowed: true }], false],
    );
  });

  it("when many rules demand each something else, then they are compared exactly", () => {
    const many = Array.from({ length: 40 }, (_, n) => ({ ...RULE, id: `rule-${n}`, ticket: { matches: `T${n}` } }));
    const stricter = many.map((each, index) => (index === 0 ? { ...each, reason: { minLength: 5 } } : each));
    assert.deepEqual(effects(compare(rules(...many), rules(...stricter))), [`narrower ${DBAS}`]);
    assert.deepEqual(effects(compare(rules(...many), rules(...many.slice(1)))), [`narrower ${DBAS}`]);
    // Without the first, which cuts to less, the second gives all that it has.
    const cutting = many.map((each, index) =>
      index === 0 ? { ...each, duration: { max: "PT10M", clamp: true } } : each,
    );
    assert.deepEqual(effects(compare(rules(...cutting), rules(...cutting.slice(1)))), [`both ${DBAS}`]);
  });

  it("when there are more demands than can be compared, then more counts as wider", () => {
    const many = Array.from({ length: 101 }, (_, n) => ({ ...RULE, id: `rule-${n}`, ticket: { matches: `T${n}` } }));
    assert.deepEqual(effects(compare(rules(...many), rules(...many.slice(1)))), [`both ${DBAS}`]);
  });
});

const NOW_TEXT = "2026-12-19T23:00:00.000Z";
const always = { always: true, from: "2026-11-24T10:00:00.000Z", to: null, stretches: 1 };

function lead(count: number) {
  return { from: { jobFunctions: ["lead"] }, count };
}

function dba(count: number) {
  return { from: { jobFunctions: ["dba"] }, count };
}

function hold(max: string, clamp = false) {
  return { hours: { ...WEEK, mode: "hold" }, duration: { default: "PT1H", max, clamp } };
}

function live(count: number) {
  return { limits: { perPerson: { live: count } } };
}

function held(window: string, max: string) {
  return { limits: { perPerson: { heldPer: { window, max } } } };
}
