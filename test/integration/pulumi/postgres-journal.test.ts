// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { must } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { type JournalDatabase, sharedJournalServer } from "../../support/journal-server";
import { type Scenario, startOrders, startScenario } from "../../support/pulumi-suite";

const journals = sharedJournalServer();
const ADMIN_WORK = "SELECT count(*) FROM orders";
const REFUSED = "ERROR:  permission denied for table orders";

/** The main job with a journal in PostgreSQL, each step by a login that has just the rights for it. */
describe("pulumi, with a journal in PostgreSQL", function () {
  this.timeout(120_000);
  let server: PostgresServer;
  let database: JournalDatabase;
  let it_: Scenario;

  before(async function () {
    this.timeout(engineTimeoutMs);
    await theEngine();
    server = await startOrders();
    database = await (await journals()).database();
  });
  after(async () => {
    await it_?.dispose();
    await server?.stop();
    await database?.drop();
  });

  it("when a reader previews, and a writer grants and ends, then each step ends and the journal has it all", async () => {
    it_ = await startScenario(server, { env: { ELEVATION_JOURNAL: database.address("journal_owner") } });
    await database.sql(
      "journal_owner",
      "GRANT USAGE ON SCHEMA elevation TO journal_writer, journal_reader; GRANT SELECT ON elevation.journal TO journal_writer, journal_reader; GRANT INSERT ON elevation.journal TO journal_writer",
    );
    const { env } = it_.workspace;
    it_.request("alice", { duration: "PT8S" });

    env["ELEVATION_JOURNAL"] = database.address("journal_reader");
    const preview = await must(it_.preview());
    assert.match(preview.output, /alice-[0-9a-f]{12}/);
    const refused = await it_.up();
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /cannot be written: permission denied for table journal \(42501\)/);
    assert.deepEqual(await it_.events(), []);

    env["ELEVATION_JOURNAL"] = database.address("journal_writer");
    await must(it_.up());
    const alice = await it_.session("alice");
    assert.equal(await alice.run(ADMIN_WORK), "30");
    const { alice: grant } = await it_.grants();
    await it_.until(grant?.expiresAt);
    await must(it_.refresh());
    const again = await it_.session("alice");
    assert.equal(await again.run(ADMIN_WORK), REFUSED);
    assert.deepEqual(await it_.events(), ["decided", "activating", "activated", "revoking", "expired"]);

    const audit = await must(it_.workspace.elevate(["audit", "verify"]));
    assert.match(audit.stdout, /^6 events verified, /);
    // Whatever a step said, no password of the journal was in it.
    for (const login of ["journal_owner", "journal_writer", "journal_reader"] as const) {
      const { password } = new URL(database.address(login));
      for (const { output } of [preview, refused, audit]) assert.ok(!output.includes(password));
    }
    const { stdout: state } = await must(it_.workspace.pulumi(["stack", "export"]));
    assert.ok(!state.includes("journal_writer"));
  });
});
