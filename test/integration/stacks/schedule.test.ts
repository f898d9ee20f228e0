// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { execute, repository } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { grantRoles, query, startOrders } from "../../support/pulumi-suite";
import { openTwoStacks, type TwoStacks } from "../../support/two-stacks";

/** The schedule's step on several stacks of the real engine. */
describe("pipeline schedule on several stacks", function () {
  this.timeout(240_000);
  let server: PostgresServer;
  let two: TwoStacks;

  before(async function () {
    this.timeout(engineTimeoutMs);
    await theEngine();
    server = await startOrders();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    two = await openTwoStacks(server);
  });
  afterEach(async () => {
    await two?.dispose();
    for (const role of await grantRoles(server)) await query(server, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  it("when one state is foreign, one stack was never made and one is sound, then each has its outcome, and the sound one forgets", async () => {
    two.request("production", "alice", { duration: "PT1S" });
    two.request("staging", "bruno", { requester: "bruno@example.com", duration: "PT1S" });
    await two.up("production");
    await two.up("staging");
    const schedule = () => {
      const step = join(repository, "scripts", "dist", "pipeline.js");
      return execute(process.execPath, [step, "schedule"], two.workspace.env, two.workspace.root);
    };
    const sound = await two.tamper("staging", (state) => state.replaceAll("require(", "require ("));
    two.workspace.write("stacks/Pulumi.unmade.yaml", "config: { elevation:environments: [staging] }\n");
    const { code, output } = await schedule();
    assert.equal(code, 1, output);
    assert.match(output, /^REFUSED: stack `staging`: `bruno-[0-9a-f]{12}` holds provider code that this version/m);
    assert.match(output, /^REFUSED: stack `unmade` has a file, and the backend doesn't know it; /m);
    assert.match(output, /^\$ pulumi refresh --yes --skip-preview --suppress-progress --stack production\nRefreshing/m);
    assert.deepEqual(await two.grants("production"), []);
    assert.deepEqual(await two.grants("staging"), ["bruno"]);
    assert.deepEqual(await grantRoles(server), [], "what is due ends, whatever is wrong with its state");

    two.workspace.remove("stacks/Pulumi.unmade.yaml");
    await two.restore("staging", sound);
    const mended = await schedule();
    assert.equal(mended.code, 0, mended.output);
    assert.deepEqual(await two.grants("staging"), []);
  });
});
