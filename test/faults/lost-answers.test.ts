// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { initJournal, openStore } from "@elevation/journal";
import { activate, createWorld, type GrantState, read, type World } from "@elevation/provider/lifecycle";
import { Client } from "pg";
import { JOB } from "../support/journal-events";
import { sharedJournalServer } from "../support/journal-server";
import { startStatementProxy } from "../support/statement-proxy";
import { startTcpProxy } from "../support/tcp-proxy";
import { requireEvidence } from "./evidence";
import { type Shop, sharedShop } from "./shop";

const theShop = sharedShop();
const theJournals = sharedJournalServer();

const HOUR = 3_600_000;
/** The waits for a server that says nothing are of the real length: too long for every run of all tests. */
const inWholeRuns = process.env["FAULTS_POINTS"] === undefined ? it.skip : it;

describe("a server that is gone, or says nothing any more, while a grant ends", function () {
  this.timeout(180_000);
  let shop: Shop;
  let ahead = 0;
  /** Undone when a test is over, the last first. */
  let undo: (() => unknown)[] = [];

  before(async () => {
    shop = await theShop();
  });
  beforeEach(() => {
    ahead = 0;
    const cwd = process.cwd();
    process.chdir(shop.folder);
    undo = [() => process.chdir(cwd)];
  });
  afterEach(async () => {
    for (const each of undo.reverse()) await each();
  });

  function worldOf(env: Record<string, string>): World {
    const actor = { kind: "job", key: "unverified" } as const;
    const real = createWorld(env, { config: () => undefined, actor, say: () => undefined });
    const world = { ...real, clock: () => real.clock() + ahead };
    undo.push(async () => (await world.journal()).close());
    return world;
  }

  /** What this process asks any server from now on. */
  function statements(): readonly unknown[] {
    const client = Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
    const { query } = client;
    const asked: unknown[] = [];
    client.query = function (...args) {
      asked.push(args[0]);
      return query.apply(this, args);
    };
    undo.push(() => {
      client.query = query;
    });
    return asked;
  }

  async function requireEnded(world: World, state: GrantState, n: number): Promise<void> {
    assert.equal(await read(world, state), null);
    assert.deepEqual([await shop.stands(state), await shop.workOf(n)], [false, []]);
  }

  it("when the journal's server goes down while access is taken away, then it is taken away all the same, and recorded once that server is back", async () => {
    const { server, database: newDatabase } = await theJournals();
    const database = await newDatabase();
    undo.push(() => database.drop());
    const { hash } = await initJournal(database.store("journal_owner"), JOB, Date.now() - HOUR);
    const proxy = await startTcpProxy(server.port);
    const target = await startStatementProxy(shop.server.port);
    undo.push(
      () => proxy.close(),
      () => target.close(),
    );
    const ELEVATION_JOURNAL = database.address("journal_owner").replace(`:${server.port}/`, `:${proxy.port}/`);
    const world = worldOf({ ELEVATION_JOURNAL, ELEVATION_JOURNAL_ID: hash, ...shop.connection(target.port) });
    const inputs = shop.ask("while-down", 50);
    const state = await activate(world, inputs);

    ahead = 2 * HOUR;
    const held = target.hold(state.place?.object ?? "", { side: "before", statement: /(REVOKE|DROP ROLE) "elev_/ });
    const ending = read(world, state).then(
      () => assert.fail("it ended"),
      (error: Error) => error.message,
    );
    await Promise.race([held.reached, ending]);
    proxy.down();
    held.resume();
    assert.match(await ending, /journal `postgres:\/\/127\.0\.0\.1:\d+\/journal_\d+`/);
    assert.deepEqual([await shop.stands(inputs), await shop.workOf(50)], [false, []]);

    proxy.up();
    await requireEnded(world, state, 50);
    const events = await database.store("journal_owner").read();
    requireEvidence(events);
    assert.equal(events.at(-1)?.type, "expired");
  });

  const points = [
    ["after it ended the grant's role", "DROP ROLE", "could not end the grant"],
    ["before it let anybody in", "", "could not be opened"],
  ] as const;
  for (const [index, [name, text, said]] of points.entries()) {
    inWholeRuns(
      `when a target says nothing any more ${name}, then nothing more is asked there, the end is stuck, and the next one finishes it`,
      async () => {
        const proxy = await startTcpProxy(shop.server.port);
        undo.push(() => proxy.close());
        const env = await shop.newJournal(`half-open-${index}`, proxy.port);
        const world = worldOf(env);
        const state = await activate(world, shop.ask(`half-open-${index}`, 51 + index));

        ahead = 2 * HOUR;
        const held = proxy.holdAfter(text);
        const asked = statements();
        const ending = read(world, state).then(
          () => assert.fail("it ended"),
          (error: Error) => error.message,
        );
        await Promise.race([held, ending]);
        const before = asked.length;
        const message = await ending;
        assert.match(
          message,
          /^stuck: the access of `worker_\d+` to role `work_\d+` at `orders` must end and could not be ended: /,
        );
        assert.ok(message.includes(said), message);
        assert.deepEqual(asked.slice(before), [], "whatever were asked would wait behind what is not answered");

        proxy.release();
        await requireEnded(world, state, 51 + index);
        const events = await openStore(env["ELEVATION_JOURNAL"] ?? "").read();
        requireEvidence(events);
        const types = events.map(({ type }) => type);
        assert.deepEqual(types, ["opened", "decided", "activating", "activated", "revoking", "stuck", "expired"]);
      },
    );
  }
});
