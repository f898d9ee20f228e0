// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { aRequest, eventOf, intentOf, POLICY } from "../../integration/cli/documents";
import { aJournal, aProject, type Project } from "../../integration/cli/elevate";
import { elevateHere } from "../../support/in-process";

const NO_JOURNAL =
  "no journal is configured: live grants, cooldowns, limits and reviews are not known, and nothing is said of them";
const AT = "2026-11-24T10:00:00Z";

const RULES = `rules:
  - id: dba-night
    effect: allow
    who: { jobFunctions: [dba], onCall: [orders] }
    roles: [orders-admin]
    environments: [production]
    duration: { max: PT2H }
    hours: { zone: UTC, days: [tue, wed], from: "20:00", to: "06:00", mode: hold }
    reason: { minLength: 10, matches: INC }
    ticket: { matches: "^INC-" }
    approvals: { all: [{ from: { jobFunctions: [sre] }, count: 1 }, { from: everyone, count: 1 }] }
    approvalsValidFor: PT2H
    extensions: { max: 1, upTo: PT30M }
    onBehalf: { jobFunctions: [sre] }
  - id: dba-short
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production]
    duration: { max: PT1H }
    cooldown: PT4H
  - id: freeze
    effect: deny
    who: everyone
    roles: "*"
    environments: [production]
    during: { from: 2026-11-24T10:40:00Z, to: 2026-11-25T00:00:00Z }
    breakGlass: true
limits: { perPerson: { live: 1 } }
breakGlass:
  who: { jobFunctions: [sre] }
  roles: [orders-admin]
  environments: [production]
  maxDuration: PT1H
  review: { from: { jobFunctions: [dba] }, within: PT24H }
requests: { proof: signature }
`;

const DIRECTORY = `apiVersion: elevation/v1
kind: Directory
people:
  alice@example.com: { name: Alice, jobFunctions: [dba], identities: { postgres: alice } }
  bob@example.com: { jobFunctions: [sre], identities: { postgres: bob } }
  carol@example.com: { jobFunctions: [sre] }
  dan@example.com: { jobFunctions: [dba], identities: { postgres: dan } }
  eve@example.com: { identities: { postgres: eve } }
jobFunctions: { dba: {}, sre: {} }
onCall:
  orders:
    - { person: eve@example.com, from: 2026-11-23T00:00:00Z, to: 2026-11-24T00:00:00Z }
    - { person: eve@example.com, from: 2026-11-25T18:00:00Z, to: 2026-11-26T00:00:00Z }
`;

describe("elevate explain", () => {
  let project: Project;

  beforeEach(() => {
    project = aProject();
    project.write("policypack/elevation.yaml", `${POLICY.split("rules:")[0]}${RULES}`);
    project.write("policypack/directory.yaml", DIRECTORY);
  });
  afterEach(() => project.remove());

  const explain = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    elevateHere(["explain", ...args], { cwd: project.path, env });

  it("when a person is named, then all that they could get is shown, and why not now", async () => {
    assert.deepEqual(await explain(["alice@example.com", "--at", AT]), {
      exit: 0,
      stderr: [NO_JOURNAL],
      stdout: `alice@example.com (Alice) at 2026-11-24T10:00:00Z: dba

role          environment  longest                    until                 by         hours                                                     takes
orders-admin  production   from 2026-11-25T00:00:00Z  -                     dba-night  tue, wed 20:00 to 06:00 UTC, access ends at closing time  a reason of 10 characters or more; a reason that matches \`INC\`; a ticket that matches \`^INC-\`; approval by 1 of sre and 1 of everyone, good for 2 h; extensions: 1 of up to 30 min; sre may ask for others
orders-admin  production   40 min                     2026-11-24T10:40:00Z  dba-short  -                                                         a reason; 4 h since the last grant by this rule ended

orders-admin in production by dba-night, not now:
  outside-hours: \`a request\` would start at 2026-11-24T10:00:00.000Z (Tue 10:00 UTC), rule \`dba-night\` allows tue, wed 20:00 to 06:00 UTC; set \`startAt\` to 2026-11-24T20:00:00.000Z (Tue 20:00 UTC) or later
`,
    });
  });

  it("when role and environment are named too, then it says why not and what is nearest", async () => {
    const asked = async (person: string, at: string) => {
      const args = [person, "--role", "orders-admin", "--environment", "production", "--at", at, "--json"];
      const { stdout } = await explain(args);
      const [{ nearest, notFor, possible, offers }] = JSON.parse(stdout).access;
      return [possible, offers.map(({ rule }: { rule: string }) => rule), notFor, nearest];
    };
    const night = { rule: "dba-night", who: "dba or on call in orders", onCallFrom: null };
    const short = { rule: "dba-short", who: "dba", onCallFrom: null };
    const emergency = { rule: "breakGlass", who: "sre", onCallFrom: null };
    assert.deepEqual(await asked("alice@example.com", AT), [
      true,
      ["dba-night", "dba-short"],
      [emergency],
      "ask for up to PT1H by dba-short",
    ]);
    assert.deepEqual(await asked("alice@example.com", "2026-11-24T10:40:00Z"), [
      false,
      ["dba-night", "dba-short"],
      [emergency],
      "ask by dba-night from 2026-11-25T00:00:00.000Z on",
    ]);
    assert.deepEqual(await asked("bob@example.com", "2026-11-24T12:00:00Z"), [
      true,
      ["breakGlass"],
      [night, short],
      "ask for up to PT1H by breakGlass",
    ]);
    assert.deepEqual(await asked("carol@example.com", AT), [
      false,
      ["breakGlass"],
      [night, short],
      "`carol@example.com` has no `postgres` identity, which `orders-admin` in `production` takes; add it to `identities` in the directory",
    ]);
    assert.deepEqual(await asked("eve@example.com", AT), [
      false,
      [],
      [{ ...night, onCallFrom: "2026-11-25T18:00:00.000Z" }, short, emergency],
      "wait to be on call from 2026-11-25T18:00:00.000Z on, for dba-night",
    ]);
    assert.deepEqual(await asked("eve@example.com", "2026-11-26T00:00:00Z"), [
      false,
      [],
      [night, short, emergency],
      "become one of those that a rule is for (dba-night: dba or on call in orders): ask whoever keeps the directory",
    ]);
  });

  it("when an earlier rule takes whatever a later one would, then the later one offers nothing, and the nearest is what it gives", async () => {
    const later = `  - id: dba-long
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production]
    duration: { max: PT8H }
    ticket: { matches: "^INC-" }
  - id: freeze`;
    const rules = RULES.replace("PT1H }\n    cooldown: PT4H", "PT30M, clamp: true }").replace("  - id: freeze", later);
    project.write("policypack/elevation.yaml", `${POLICY.split("rules:")[0]}${rules}`);
    const args = ["alice@example.com", "--role", "orders-admin", "--environment", "production", "--at", AT];
    const { stdout } = await explain([...args, "--json"]);
    const [{ nearest, offers }] = JSON.parse(stdout).access;
    const long = offers.find(({ rule }: { rule: string }) => rule === "dba-long");
    assert.deepEqual(
      [long.possible, long.longest, long.expiresAt, long.obstacles, long.takenBy, nearest],
      [false, null, null, [], ["dba-short"], "ask for up to PT30M by dba-short"],
    );
    const table = await explain(args);
    assert.match(table.stdout, /production {3}taken by dba-short {9}- {21}dba-long/);
  });

  it("when the role isn't given or isn't there, then the table says so", async () => {
    const { stdout } = await explain([
      "eve@example.com",
      "--role",
      "orders-admin",
      "--environment",
      "staging",
      "--at",
      AT,
    ]);
    assert.equal(
      stdout,
      `eve@example.com at 2026-11-24T10:00:00Z: no job function

no rule gives eve@example.com orders-admin in staging

nearest: no rule gives it to anybody: ask whoever keeps the policy
`,
    );
    const nothing = await explain(["eve@example.com", "--at", AT]);
    assert.equal(
      nothing.stdout,
      "eve@example.com at 2026-11-24T10:00:00Z: no job function\n\nno rule gives eve@example.com anything\n",
    );
  });

  it("when a role alone is named, then people who could get the same stand together", async () => {
    assert.deepEqual(await explain(["--role", "orders-admin", "--at", AT]), {
      exit: 0,
      stderr: [NO_JOURNAL],
      stdout: `orders-admin at 2026-11-24T10:00:00Z

environment  people                      longest                    until                 by          hours                                                     takes
production   everyone in dba (2 people)  from 2026-11-25T00:00:00Z  -                     dba-night   tue, wed 20:00 to 06:00 UTC, access ends at closing time  outside-hours; a reason of 10 characters or more; a reason that matches \`INC\`; a ticket that matches \`^INC-\`; approval by 1 of sre and 1 of everyone, good for 2 h; extensions: 1 of up to 30 min; sre may ask for others
production   "                           40 min                     2026-11-24T10:40:00Z  dba-short   -                                                         a reason; 4 h since the last grant by this rule ended
production   bob@example.com             1 h                        2026-11-24T11:00:00Z  breakGlass  -                                                         a reason; an emergency, reviewed by dba within 1 d
production   carol@example.com           not now                    -                     breakGlass  -                                                         no-identity; a reason; an emergency, reviewed by dba within 1 d

production: 1 person could not get it
staging: nobody could get it
`,
    });
  });

  it("when there is a journal, then live grants and cooldowns count", async () => {
    const journal = await aJournal(project);
    const [dba, other] = [
      intentOf(aRequest(), { rule: "dba-short" }),
      intentOf(aRequest({ requester: "dan@example.com" }, "dan")),
    ];
    await journal.journal.append([dba, other]);
    const ended = { cause: "withdrawn", endedAt: "2026-11-24T09:58:00.000Z", sessionsEnded: 0 } as const;
    await journal.journal.append([eventOf(dba.request, { type: "revoked", data: ended })]);
    await journal.journal.close();
    const obstacles = async (person: string) => {
      const { stdout, stderr } = await explain([person, "--at", AT, "--json"], journal.env);
      const report = JSON.parse(stdout);
      assert.deepEqual([report.journal, stderr], [true, []]);
      return report.access[0].offers.map((offer: { obstacles: { id: string }[]; possibleFrom: string | null }) => [
        offer.obstacles.map(({ id }) => id),
        offer.possibleFrom,
      ]);
    };
    assert.deepEqual(await obstacles("alice@example.com"), [
      [["outside-hours"], "2026-11-25T00:00:00.000Z"],
      [["cooling-down"], "2026-11-25T00:00:00.000Z"],
    ]);
    assert.deepEqual(await obstacles("dan@example.com"), [
      [["limit-exceeded", "outside-hours"], null],
      [["limit-exceeded"], null],
    ]);
  });

  it("when the question is no good, then it says how to mend it", async () => {
    const fault = async (...args: string[]) => {
      const { exit, stderr, stdout } = await explain(args);
      assert.equal(stdout, "");
      return [exit, ...stderr];
    };
    assert.deepEqual(await fault(), [2, "error: neither a person nor `--role` is given; name whom or what to explain"]);
    assert.deepEqual(await fault("alcie@example.com"), [
      2,
      "error: person `alcie@example.com` is not in the directory; did you mean `alice@example.com`?",
    ]);
    assert.deepEqual(await fault("--role", "order-admin"), [
      2,
      "error: role `order-admin` is not in the policy; did you mean `orders-admin`?",
    ]);
    assert.deepEqual(await fault("alice@example.com", "--environment", "prod"), [
      2,
      "error: environment `prod` is not in the policy; the nearest known name is `production`",
    ]);
    assert.deepEqual(await fault("alice@example.com", "--journal", `file:${project.path}/none`), [
      4,
      `error: there is no journal at \`file:${project.path}/none\`; correct \`ELEVATION_JOURNAL\`, or make one with \`elevate journal init\``,
    ]);
  });
});
