// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatInstant, type JournalEvent, type Judge, type Place, readJudge } from "@elevation/domain";
import { initJournal, openStore } from "@elevation/journal";
import {
  activate,
  createWorld,
  endGrant,
  type GrantInputs,
  type GrantState,
  lookAgain,
  type OpenState,
  type Reconciliation,
  reconcile,
  type World,
} from "@elevation/provider/lifecycle";
import { startPostgres } from "@elevation/scripts/support/postgres";
import { aRequest, inputsOf } from "../../support/lifecycle";
import { anAccess, CONNECTION, type OrdersServer, sharedOrdersServer, VARIABLE } from "../../support/postgres";

const ADMIN_WORK = "SELECT count(*) FROM orders";
const DENIED = "permission denied for table orders";
const ACTOR = { kind: "reaper", key: "unverified" } as const;
const EACH = { environments: null, atOnce: 4 };

const theServer = sharedOrdersServer();

describe("what stands at a connection, compared with the journal", function () {
  this.timeout(60_000);
  let orders: OrdersServer;
  let folder: string;
  let env: Record<string, string>;
  let world: World;
  const worlds: World[] = [];
  const said: string[] = [];

  before(async () => {
    orders = await theServer();
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "elevation-reconcile-"));
    said.length = 0;
    world = await aWorld("journal", { [VARIABLE]: managerUrl() });
  });
  afterEach(async () => {
    for (const each of worlds.splice(0)) await (await each.journal().catch(() => null))?.close();
    rmSync(folder, { recursive: true, force: true });
    await orders.reset();
  });

  const managerUrl = () => orders.server.url("elevation_manager", "orders");

  /** A world with a new journal, and the connections of an environment. */
  async function aWorld(name: string, connections: Readonly<Record<string, string>>): Promise<World> {
    const address = `file:${join(folder, `${name}.jsonl`)}`;
    const { hash } = await initJournal(openStore(address), ACTOR, Date.now() - 3_600_000);
    env = { ELEVATION_JOURNAL: address, ELEVATION_JOURNAL_ID: hash, ...connections };
    return worldOf(env);
  }

  function worldOf(environment: Record<string, string>): World {
    const real = createWorld(environment, {
      config: () => undefined,
      actor: ACTOR,
      say: (line) => void said.push(line),
    });
    const made = { ...real, judge: () => JUDGE };
    worlds.push(made);
    return made;
  }

  /** A grant of alice's, made at the real server. */
  async function grant(name: string, duration = "PT10M"): Promise<GrantInputs & { state: OpenState }> {
    const requestedAt = formatInstant(Date.now() - 1000);
    const inputs = inputsOf(aRequest({ requestedAt, duration }, name));
    const state = (await activate(world, inputs)) as GrantState as OpenState;
    return { ...inputs, state };
  }

  const events = async (): Promise<readonly JournalEvent[]> => openStore(env["ELEVATION_JOURNAL"] ?? "").read();
  const typesOf = async ({ digest }: GrantInputs) =>
    (await events()).filter(({ request }) => request === digest).map(({ type }) => type);
  const orphansOf = async () => (await (await world.journal()).view()).orphans;
  const mayRead = async () => (await (await orders.open("alice")).refusal(ADMIN_WORK)) === null;
  const roles = async () =>
    (await orders.superuser("SELECT rolname FROM pg_roles WHERE rolname LIKE 'elev\\_%'")).flat();
  const summary = ({ swept, cutBack, orphans }: Reconciliation) => [
    ...swept.map(({ place, cause, outcome }) => [place.object, cause, outcome]),
    ...cutBack.map(({ grant: { place }, reason }) => [place.object, "cut-back", reason]),
    ...orphans.map(({ place, isNews }) => [place.object, "orphan", isNews]),
  ];

  it("when all is as the journal says, then nothing is found, and nothing is journaled", async () => {
    const one = await grant("alice-orders");
    const before = await typesOf(one);
    assert.deepEqual(await reconcile(world, EACH), {
      ...{ swept: [], cutBack: [], orphans: [], unreached: [], standing: 1, residue: 0, untrusted: null },
    });
    assert.deepEqual(await typesOf(one), before);
    assert.deepEqual(said, []);
  });

  it("when the journal was lost, then what stands is an orphan, journaled once, until its own end; then it ends", async () => {
    const one = await grant("alice-orders");
    const { place, expiresAt } = one.state;
    world = await aWorld("another", { [VARIABLE]: managerUrl() });
    const first = await reconcile(world, EACH);
    const [orphan] = first.orphans;
    assert.deepEqual(first.orphans, [
      {
        ...{ digest: one.digest, place, expiresAt, isOurs: true, isNews: true },
        differences: [
          `no grant of this journal explains it, and \`alice\` has \`orders_admin\` by it until ${expiresAt}, its own end; ` +
            `bring back the journal that knows it, or end it now with \`elevate reap --once --unwanted ${place.object}\``,
        ],
      },
    ]);
    assert.deepEqual(summary(await reconcile(world, EACH)), [[place.object, "orphan", false]]);
    assert.deepEqual(
      (await orphansOf()).map(({ object, request, differences }) => [object, request, differences]),
      [[place.object, one.digest, orphan?.differences]],
    );
    assert.ok(await mayRead());
    const alice = await orders.open("alice");
    world = { ...world, clock: () => Date.parse(expiresAt) - 1 };
    assert.deepEqual(summary(await reconcile(world, EACH)), [[place.object, "orphan", false]]);
    world = { ...world, clock: () => Date.parse(expiresAt) };
    assert.deepEqual(summary(await reconcile(world, EACH)), [[place.object, "expiry", "expired"]]);
    await alice.cut;
    assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), DENIED);
    assert.deepEqual(await roles(), []);
    assert.deepEqual(await typesOf(one), ["orphan", "expired"]);
    assert.deepEqual(await orphansOf(), []);
  });

  it("when the journal that knows it is back, then the orphan is its grant again, and none any more", async () => {
    const one = await grant("alice-orders");
    const [known, knownEnv] = [world, env];
    world = await aWorld("another", { [VARIABLE]: managerUrl() });
    await reconcile(world, EACH);
    // What stands in the journal that is brought back is what the other one said last.
    const [orphan] = (await events()).filter(({ type }) => type === "orphan");
    [world, env] = [known, knownEnv];
    const { data } = orphan as JournalEvent & { data: { place: Place; differences: string[] } };
    const header = { at: formatInstant(Date.now()), request: one.digest, actor: ACTOR } as const;
    await (await world.journal()).append([{ ...header, type: "orphan", data }]);
    assert.deepEqual(summary(await reconcile(world, EACH)), []);
    assert.deepEqual(await orphansOf(), []);
    assert.ok(await mayRead());
  });

  it("when an orphan of ours is unwanted, then it ends before its own end, and no other", async () => {
    const one = await grant("alice-one");
    const other = await grant("alice-other");
    world = await aWorld("another", { [VARIABLE]: managerUrl() });
    await reconcile(world, EACH);
    const unwanted = new Set([one.state.place.object]);
    assert.deepEqual(summary(await reconcile(world, { ...EACH, unwanted })), [
      [one.state.place.object, "withdrawn", "revoked"],
      [other.state.place.object, "orphan", false],
    ]);
    assert.deepEqual(await typesOf(one), ["orphan", "revoked"]);
    assert.deepEqual(await roles(), [other.state.place.object]);
  });

  it("when an unwanted one is a live grant's or somebody else's, then nothing is ended", async () => {
    const { place } = (await grant("alice-orders")).state;
    const foreign = `elev_${"f".repeat(40)}`;
    await orders.superuser(`CREATE ROLE ${foreign}`);
    const unwanted = new Set([place.object, foreign]);
    assert.deepEqual(summary(await reconcile(world, { ...EACH, unwanted })), [[foreign, "orphan", true]]);
    assert.deepEqual(await roles(), [place.object, foreign].sort());
  });

  it("when somebody else made a role of such a name, then it is reported, whatever its note says, and never dropped", async () => {
    const { digest, place } = anAccess("", "f");
    const note = JSON.stringify({ digest, expiresAt: "2020-01-01T00:00:00.000Z", since: "3", timeline: 1 });
    await orders.superuser(
      `CREATE ROLE ${place.object}`,
      `COMMENT ON ROLE ${place.object} IS '${note}'`,
      `GRANT orders_admin TO ${place.object}`,
      `GRANT ${place.object} TO bruno`,
    );
    const { orphans, swept } = await reconcile(world, EACH);
    assert.deepEqual(swept, []);
    const what = orphans.map(({ isOurs, expiresAt, differences, place: { identity, role } }) => {
      return { isOurs, expiresAt, differences, identity, role };
    });
    assert.deepEqual(what, [
      {
        ...{ isOurs: false, expiresAt: null, identity: "bruno", role: "orders_admin" },
        differences: [
          `role \`${place.object}\` was made by a superuser or a login that is gone, not by \`elevation_manager\``,
        ],
      },
    ]);
    assert.deepEqual(await roles(), [place.object]);
    assert.equal((await orphansOf()).length, 1);
    await orders.superuser(`DROP ROLE ${place.object}`);
    assert.deepEqual(summary(await reconcile(world, EACH)), []);
    assert.deepEqual(await orphansOf(), []);
  });

  it("when a role of ours lost its note, then it is reported, and left", async () => {
    const { place } = (await grant("alice-orders")).state;
    world = await aWorld("another", { [VARIABLE]: managerUrl() });
    await orders.superuser(`COMMENT ON ROLE ${place.object} IS NULL`);
    const { orphans } = await reconcile(world, EACH);
    assert.deepEqual(
      orphans.map(({ isOurs, digest, expiresAt, differences }) => ({ isOurs, digest, expiresAt, differences })),
      [
        {
          ...{ isOurs: true, digest: null, expiresAt: null },
          differences: [`the comment of role \`${place.object}\` is no note of a grant`],
        },
      ],
    );
    assert.deepEqual(await roles(), [place.object]);
  });

  it("when the digest of what stands has ended in the journal, then it is ended again, before its own end", async () => {
    const one = await grant("alice-orders");
    const { place } = one.state;
    await endGrant(world, one.state, "withdrawn");
    // As a target that was restored from a backup has it.
    const connection = await orders.connect();
    await connection.create({ digest: one.digest, place, expiresAt: Date.parse(one.state.expiresAt) });
    const alice = await orders.open("alice");
    assert.ok(await mayRead());
    assert.deepEqual(summary(await reconcile(world, EACH)), [[place.object, "returned", "revoked"]]);
    await alice.cut;
    assert.equal(await mayRead(), false);
    assert.deepEqual((await typesOf(one)).slice(-2), ["revoked", "revoked"]);
    assert.deepEqual(summary(await reconcile(world, EACH)), []);
  });

  it("when somebody is added to a live grant's role, then she is cut off, and the grant goes on", async () => {
    const one = await grant("alice-orders");
    const { object } = one.state.place;
    const bruno = await orders.open("bruno");
    const manager = await orders.open("elevation_manager");
    await manager.sql(`GRANT ${object} TO bruno`);
    assert.equal(await bruno.refusal(ADMIN_WORK), null);
    const { cutBack, ...rest } = await reconcile(world, EACH);
    assert.deepEqual(
      cutBack.map(({ grant: { digest }, differences, reason }) => ({ digest, differences, reason })),
      [
        {
          ...{ digest: one.digest, reason: null },
          differences: [`\`bruno\` is a member of \`${object}\` by a grant of \`elevation_manager\``],
        },
      ],
    );
    assert.deepEqual([rest.swept, rest.orphans], [[], []]);
    await bruno.cut;
    assert.equal(await (await orders.open("bruno")).refusal(ADMIN_WORK), DENIED);
    assert.ok(await mayRead());
    const residue = (await events()).filter(({ type }) => type === "residue").map(({ data }) => data);
    assert.deepEqual(
      residue.map((data) => (data as { residue: string[] }).residue),
      [[`\`bruno\` is a member of \`${object}\` by a grant of \`elevation_manager\``], []],
    );
    assert.deepEqual(summary(await reconcile(world, EACH)), []);
  });

  it("when what is wider can't be cut back, then that is told each time, and journaled once", async () => {
    const one = await grant("alice-orders");
    const { object } = one.state.place;
    await orders.superuser(`GRANT ${object} TO bruno`);
    for (let time = 0; time < 2; time++) {
      const { cutBack, residue } = await reconcile(world, EACH);
      assert.match(
        cutBack[0]?.reason ?? "",
        /could not be cut back: `bruno` is a member of .+ by a grant of `postgres`/,
      );
      assert.equal(residue, time);
    }
    assert.equal((await typesOf(one)).filter((type) => type === "residue").length, 1);
    await orders.superuser(`REVOKE ${object} FROM bruno`);
  });

  it("when a live grant's role was dropped by hand, then that is drift, and the grant has ended", async () => {
    const one = await grant("alice-orders");
    await orders.superuser(`DROP ROLE ${one.state.place.object}`);
    assert.deepEqual(summary(await reconcile(world, EACH)), [[one.state.place.object, "drift", "revoked"]]);
    const types = await typesOf(one);
    assert.ok(types.includes("drift"));
    assert.equal(types.at(-1), "revoked");
    assert.deepEqual(summary(await reconcile(world, EACH)), []);
  });

  it("when two connections lead to the server, then each role is looked at once, through its grant's own", async () => {
    await grant("alice-orders");
    const both = { [VARIABLE]: managerUrl(), ELEVATION_CONNECTION_ANOTHER: managerUrl() };
    const { standing, ...rest } = await reconcile(worldOf({ ...env, ...both }), EACH);
    assert.deepEqual([standing, summary({ ...rest, standing })], [1, []]);
    world = await aWorld("another", both);
    assert.deepEqual((await reconcile(world, EACH)).orphans.length, 1);
    assert.deepEqual(
      (await reconcile(world, EACH)).orphans.map(({ isNews }) => isNews),
      [false],
    );
  });

  it("when a connection can't be reached, then it is told, the others are looked at, and no orphan there is forgotten", async () => {
    const { place } = (await grant("alice-orders")).state;
    world = await aWorld("another", { [VARIABLE]: managerUrl() });
    await reconcile(world, EACH);
    const nowhere = "postgres://elevation_manager@127.0.0.1:1/orders";
    world = worldOf({ ...env, [VARIABLE]: nowhere, ELEVATION_CONNECTION_ANOTHER: managerUrl() });
    const { unreached, orphans } = await reconcile(world, EACH);
    assert.deepEqual(
      unreached.map(({ connection }) => connection),
      [CONNECTION],
    );
    assert.match(unreached[0]?.reason ?? "", /^connection `orders-production` could not be opened: /);
    assert.deepEqual(
      orphans.map(({ place: { connection } }) => connection),
      ["another"],
    );
    assert.deepEqual(
      (await orphansOf()).map(({ connection, object }) => [connection, object]),
      [
        [CONNECTION, place.object],
        ["another", place.object],
      ],
    );
  });

  it("when the journal can't be trusted, then what is past its own note ends, and nothing else is touched", async () => {
    const late = await grant("alice-late");
    const wide = await grant("alice-wide");
    const foreign = `elev_${"f".repeat(40)}`;
    await (await orders.open("elevation_manager")).sql(`GRANT ${wide.state.place.object} TO bruno`);
    await orders.superuser(`CREATE ROLE ${foreign}`);
    const before = await events();
    const stranger = worldOf({ ...env, ELEVATION_JOURNAL_ID: "0".repeat(64) });
    const asked = { ...EACH, unwanted: new Set([wide.state.place.object]) };
    const first = await reconcile(stranger, asked);
    assert.deepEqual(summary(first), []);
    assert.match(first.untrusted ?? "", /cannot be trusted: its id is /);
    // The note of the one is past by this clock, that of the other is made to be later.
    const note = await orders.superuser(`SELECT shobj_description('${wide.state.place.object}'::regrole, 'pg_authid')`);
    const later = String(note[0]?.[0]).replace(/"expiresAt":"[^"]+"/, '"expiresAt":"2099-01-01T00:00:00.000Z"');
    await orders.superuser(`COMMENT ON ROLE ${wide.state.place.object} IS '${later}'`);
    const then = { ...stranger, clock: () => Date.parse(late.state.expiresAt) };
    assert.deepEqual(summary(await reconcile(then, asked)), [[late.state.place.object, "expiry", "unrecorded"]]);
    assert.deepEqual(await roles(), [wide.state.place.object, foreign].sort());
    assert.equal(await (await orders.open("bruno")).refusal(ADMIN_WORK), null);
    assert.deepEqual(await events(), before);
  });

  it("when a copy of the server was promoted, then what is past its end is taken away there, and its emptied role is an orphan", async () => {
    const one = await grant("alice-orders");
    const { object } = one.state.place;
    const { server, major } = orders;
    const copy = await startPostgres({ major: major === 18 ? undefined : major, copyOf: { server, promoted: true } });
    try {
      world = await aWorld("another", { [VARIABLE]: copy.url("elevation_manager", "orders") });
      world = { ...world, clock: () => Date.parse(one.state.expiresAt) };
      const first = await reconcile(world, EACH);
      assert.deepEqual(summary(first), [
        [object, "expiry", "stuck"],
        [object, "orphan", true],
      ]);
      assert.match(first.swept[0]?.reason ?? "", /it was made on timeline 1 and the server is on 2/);
      const { orphans, swept } = await reconcile(world, EACH);
      assert.deepEqual(swept, []);
      assert.deepEqual(orphans[0]?.differences, [
        `role \`${object}\` stays: it was made on timeline 1 and the server is on 2, so it was promoted or restored since: here it gives nothing any more, ` +
          "but the one that it comes from may still run; see that it doesn't, then write `timeline=2` into the connection's address, or drop the role",
      ]);
      assert.deepEqual(summary(await reconcile(world, EACH)), [[object, "orphan", false]]);
      assert.ok(await mayRead(), "at the server itself nothing was touched");
    } finally {
      await copy.stop();
    }
  });

  it("when a role is kept by something that depends on it, then it stays in view until that is gone", async () => {
    const one = await grant("alice-orders");
    const { object } = one.state.place;
    const alice = await orders.open("alice");
    await alice.sql("CREATE TEMP TABLE IF NOT EXISTS unused ()");
    await orders.superuser("CREATE TABLE kept ()", `GRANT SELECT ON kept TO ${object}`);
    await endGrant(world, one.state, "withdrawn");
    const left = async () => (await (await world.journal()).view()).grant(one.digest)?.residue ?? [];
    assert.equal((await left()).length > 0, true);
    const before = await typesOf(one);
    for (let time = 0; time < 2; time++) {
      const { residue, ...rest } = await reconcile(world, EACH);
      assert.deepEqual([residue, summary({ ...rest, residue })], [1, []]);
      await lookAgain(world, EACH);
    }
    assert.deepEqual(await typesOf(one), before, "what is still there is journaled once");
    await orders.superuser("DROP TABLE kept");
    await reconcile(world, EACH);
    await lookAgain(world, EACH);
    assert.deepEqual(await roles(), []);
    assert.deepEqual(await left(), []);
    assert.equal((await reconcile(world, EACH)).residue, 0);
  });

  it("when a thousand roles stand, then all are listed, each as it is", async function () {
    this.timeout(120_000);
    const manager = await orders.open("elevation_manager");
    const grantor = "GRANT orders_admin TO %1$I; GRANT %1$I TO alice";
    await manager.sql(`DO $$ BEGIN FOR n IN 1..1000 LOOP
      EXECUTE format('CREATE ROLE %1$I; ${grantor}', 'elev_' || lpad(n::text, 40, '0')); END LOOP; END $$`);
    const connection = await orders.connect();
    const standing = await connection.list();
    assert.equal(standing.length, 1000);
    assert.ok(standing.every(({ isOurs, note, place }) => isOurs && note === null && place.identity === "alice"));
  });
});

const POLICY = `
apiVersion: elevation/v1
kind: Policy
environments: { production: {} }
roles:
  orders-admin:
    targets:
      production: { kind: postgres, connection: ${CONNECTION}, role: orders_admin }
rules:
  - id: dba
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production]
    duration: { min: PT1S, default: PT30M, max: PT1H }
requests: { proof: none }
`;

const DIRECTORY = `
apiVersion: elevation/v1
kind: Directory
jobFunctions: { dba: {} }
people:
  alice@example.com: { name: Alice, jobFunctions: [dba], identities: { postgres: alice } }
`;

const JUDGE: Judge = readJudge({ file: "elevation.yaml", text: POLICY }, { file: "directory.yaml", text: DIRECTORY });
