// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { initJournal, openStore } from "@elevation/journal";
import { activate, createWorld, type GrantState, read, type World } from "@elevation/provider/lifecycle";
import { JOB } from "../support/journal-events";
import { sharedJournalServer } from "../support/journal-server";
import { startStatementProxy } from "../support/statement-proxy";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy";
import { requireEvidence } from "./evidence";
import { type Shop, sharedShop } from "./shop";

const theShop = sharedShop();
const theJournals = sharedJournalServer();

const HOUR = 3_600_000;
/** The waits for a server that says nothing are of the real length: too long for every run of all tests. */
const IS_WHOLE = process.env["FAULTS_POINTS"] !== undefined;

describe("a server that is gone, or says nothing any more, while a grant ends", function () {
  this.timeout(120_000);
  let shop: Shop;
  let proxy: TcpProxy | null = null;
  let ahead = 0;
  let cwd = "";

  before(async () => {
    shop = await theShop();
  });
  beforeEach(() => {
    ahead = 0;
    cwd = process.cwd();
    process.chdir(shop.folder);
  });
  afterEach(async () => {
    process.chdir(cwd);
    await proxy?.close();
    proxy = null;
  });

  function worldOf(env: Record<string, string>): World {
    const actor = { kind: "job", key: "unverified" } as const;
    const real = createWorld(env, { config: () => undefined, actor, say: () => undefined });
    return { ...real, clock: () => real.clock() + ahead };
  }

  async function requireEnded(world: World, state: GrantState, n: number): Promise<void> {
    assert.equal(await read(world, state), null);
    assert.deepEqual([await shop.stands(state), await shop.workOf(n)], [false, []]);
    const journal = await world.journal();
    const { history } = await journal.view();
    assert.equal(history.length, 1);
    await journal.close();
  }

  it("when the journal's server goes down while access is taken away, then it is taken away all the same, and recorded once that server is back", async () => {
    const { server, database: newDatabase } = await theJournals();
    const database = await newDatabase();
    const { hash } = await initJournal(database.store("journal_owner"), JOB, Date.now() - HOUR);
    proxy = await startTcpProxy(server.port);
    const statements = await startStatementProxy(shop.server.port);
    const address = database.address("journal_owner").replace(`:${server.port}/`, `:${proxy.port}/`);
    const world = worldOf({
      ...{ ELEVATION_JOURNAL: address, ELEVATION_JOURNAL_ID: hash },
      ...shop.connection(statements.port),
    });
    const inputs = shop.ask("while-down", 50);
    const state = await activate(world, inputs);
    ahead = 2 * HOUR;
    const held = statements.hold(state.place?.object ?? "", { side: "before", statement: /REVOKE "elev_/ });
    const ending = assert.rejects(read(world, state), (error: Error) => {
      assert.match(error.message, /journal/);
      return true;
    });
    await held.reached;
    proxy.down();
    held.resume();
    await ending;
    assert.deepEqual([await shop.stands(inputs), await shop.workOf(50)], [false, []]);
    proxy.up();
    await requireEnded(world, state, 50);
    requireEvidence(await database.store("journal_owner").read());
    await statements.close();
    await database.drop();
  });

  const points: readonly (readonly [string, string, RegExp])[] = [
    ["after it took the person's membership", "REVOKE ROLE", /could not end the grant: .*/],
    ["before it let anybody in", "", /could not be opened: .*/],
  ];
  for (const [index, [name, text, said]] of points.entries()) {
    (IS_WHOLE ? it : it.skip)(
      `when a target says nothing any more ${name}, then the end is given up in a bounded time as stuck, and the next one finishes it`,
      async () => {
        proxy = await startTcpProxy(shop.server.port);
        const env = await shop.newJournal(`half-open-${index}`, proxy.port);
        const world = worldOf(env);
        const inputs = shop.ask(`half-open-${index}`, 51 + index);
        const state = await activate(world, inputs);
        ahead = 2 * HOUR;
        // A session that waits for the next grant would be taken again.
        const held = proxy.holdAfter(text);
        const ending = assert.rejects(read(world, state), (error: Error) => {
          assert.match(
            error.message,
            /^stuck: the access of `worker_\d+` to role `work_\d+` at `orders` must end and could not be ended: /,
          );
          assert.match(error.message, said);
          return true;
        });
        await held;
        await ending;
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
