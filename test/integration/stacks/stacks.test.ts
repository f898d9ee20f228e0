// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { must } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { grantRoles, query, startOrders } from "../../support/pulumi-suite";
import { LOCK, openTwoStacks, type TwoStacks } from "../../support/two-stacks";

interface Report {
  readonly project: string;
  readonly problem: string | null;
  readonly stacks: readonly {
    readonly nextEnd: string | null;
    readonly updatedAt: string | null;
    readonly ended: readonly { readonly name: string; readonly urn: string }[] | null;
    readonly missing:
      | readonly { readonly name: string; readonly requester: string; readonly expiresAt: string }[]
      | null;
    readonly problems: readonly string[];
    readonly [field: string]: unknown;
  }[];
}

/** `elevate stacks` on the real engine. */
describe("elevate stacks", function () {
  this.timeout(180_000);
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

  const report = async (exit = 0): Promise<Report> => {
    const { code, stdout, output } = await two.workspace.elevate(["stacks", "--json"]);
    assert.equal(code, exit, output);
    return JSON.parse(stdout) as Report;
  };
  const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/;

  it("when nothing was ever granted, then both stacks are there, fine and empty", async () => {
    const { stacks, project, problem } = await report();
    assert.deepEqual([project, problem], ["elevation", null]);
    const empty = {
      ...{ project: "elevation", file: true, live: 0, overdue: 0, nextEnd: null, held: 0, ended: [], missing: [] },
      ...{ updatedAt: null, refreshedAt: null, locks: [], problems: [] },
    };
    assert.deepEqual(stacks, [
      { ...empty, stack: "production", environments: ["production"] },
      { ...empty, stack: "staging", environments: ["staging"] },
    ]);
  });

  it("when grants are live, ended and lost, and a stack is locked or broken, then each is told, and a broken one with exit 4", async () => {
    two.request("production", "ending", { duration: "PT2S" });
    two.request("production", "staying");
    two.request("staging", "bruno", { requester: "bruno@example.com" });
    await two.up("production");
    const empty = await two.tamper("staging", (state) => state);
    await two.up("staging");
    for (let stdout = ""; !/"outcome": "expired"/.test(stdout); )
      ({ stdout } = await two.workspace.elevate(["reap", "--once", "--json"]));
    await two.restore("staging", empty);
    const unlock = two.lock("staging");

    const { stacks } = await report();
    const [production, staging] = stacks;
    assert.ok(production !== undefined && staging !== undefined);
    assert.match(production.updatedAt ?? "", INSTANT);
    const { live, overdue, held, missing, locks } = production;
    assert.deepEqual({ live, overdue, held, missing, locks }, { live: 1, overdue: 0, held: 2, missing: [], locks: [] });
    assert.deepEqual(
      production.ended?.map(({ name, urn }) => [name, urn.slice(0, -12)]),
      [["ending", "urn:pulumi:production::elevation::pulumi-nodejs:dynamic/elevation:Grant::ending-"]],
    );
    assert.deepEqual(
      staging.missing?.map(({ name, requester, expiresAt }) => [name, requester, expiresAt]),
      [["bruno", "bruno@example.com", staging.nextEnd]],
    );
    assert.deepEqual(staging["locks"], [{ by: "ci@runner (pid 1)", since: LOCK.timestamp }]);

    const { code, stdout } = await two.workspace.elevate(["stacks", "stacks"]);
    assert.equal(code, 0);
    const lines = stdout.split("\n");
    assert.match(
      lines[0] ?? "",
      /^stack +environments +live +next end +in state +ended +last update +last refresh +status$/,
    );
    assert.match(lines[1] ?? "", /^elevation\/production +production +1 +\S+Z +2 +1 +\S+Z +- +behind$/);
    assert.match(lines[2] ?? "", /^elevation\/staging +staging +1 +\S+Z +0 +0 +\S+Z +- +locked$/);
    assert.ok(lines.includes("  elevation/staging: by ci@runner (pid 1) since 2026-11-24T10:00:00Z"), stdout);
    assert.match(
      stdout,
      /\n\nended, and still in a state \(a refresh drops them\)\n {2}elevation\/production: ending \(sha256:/,
    );
    assert.match(
      stdout,
      /\n\nlive, and in no state\n {2}elevation\/staging: bruno \(bruno@example\.com\), until \S+Z\n$/,
    );
    unlock();

    await two.tamper("production", (state) => state.replaceAll("require(", "require ("));
    two.workspace.write("stacks/Pulumi.broken.yaml", "config: [\n");
    const broken = await report(4);
    assert.deepEqual(
      broken.stacks.map(({ stack, held, problems }) => [stack, held, problems.length]),
      [
        ["broken", null, 2],
        ["production", 2, 2],
        ["staging", 0, 0],
      ],
    );
    const table = await two.workspace.elevate(["stacks"]);
    assert.equal(table.code, 4);
    assert.match(
      table.stdout,
      /^BROKEN: stack `production`: `ending-[0-9a-f]{12}` holds provider code that this version did not ship/m,
    );
    assert.match(table.stdout, /^BROKEN: stack `broken`: `\S+Pulumi\.broken\.yaml` can't be read: /m);
    assert.match(table.stdout, /^BROKEN: stack `broken` has a file, and the backend doesn't know it; /m);
    assert.match(table.stdout, /^elevation\/staging .* incomplete$/m);
  });

  it("when a stack has no file any more, or is another project's, then it is told of all the same", async () => {
    two.request("staging", "bruno", { requester: "bruno@example.com" });
    await two.up("staging");
    two.workspace.remove("stacks/Pulumi.staging.yaml");
    assert.deepEqual(
      (await report()).stacks.map(({ stack, file, live, held }) => [stack, file, live, held]),
      [
        ["production", true, 0, 0],
        ["staging", false, 1, 1],
      ],
    );
    two.workspace.write("other/Pulumi.yaml", "name: other\nruntime: nodejs\nmain: stacks\nstackConfigDir: stacks\n");
    two.workspace.write("other/stacks/Pulumi.dev.yaml", "config: { elevation:environments: [dev] }\n");
    await must(two.workspace.pulumi(["stack", "init", "dev", "-C", "other"]));
    const { code, stdout, output } = await two.workspace.elevate(["stacks", "other", "--json"]);
    assert.equal(code, 0, output);
    assert.deepEqual(
      (JSON.parse(stdout) as Report).stacks.map(({ project, stack, file, live, held, missing }) => [
        ...[project, stack, file, live],
        ...[held, missing],
      ]),
      [
        ["elevation", "staging", null, 1, null, null],
        ["other", "dev", true, 0, 0, []],
      ],
    );
  });

  it("when the backend can't be asked, then the journal is told all the same, with exit 4", async () => {
    two.request("staging", "bruno", { requester: "bruno@example.com" });
    await two.up("staging");
    const env = { PULUMI_BACKEND_URL: `file://${join(two.workspace.root, "gone")}` };
    const { code, stdout, output } = await two.workspace.elevate(["stacks"], { env });
    assert.equal(code, 4, output);
    assert.match(stdout, /^BACKEND: `pulumi \w+( \w+)?.*` ended with \d+: /);
    assert.match(stdout, /^elevation\/staging +staging +1 +\S+Z +- +- +- +- +unknown$/m);
  });

  it("when there is no project, no stack or no journal, or `--stacks` comes with `--once`, then that is bad input", async () => {
    const said = async (args: readonly string[], env: Record<string, string> = {}) => {
      const { code, stderr } = await two.workspace.elevate(args, { env });
      return [code, stderr];
    };
    assert.deepEqual(await said(["stacks", "/"]), [
      2,
      "error: no Pulumi.yaml at or above `/`; run this inside the project\n",
    ]);
    assert.deepEqual(await said(["reap", "--stacks", "/"]), [
      2,
      "error: no Pulumi.yaml at or above `/`; run this inside the project\n",
    ]);
    assert.deepEqual(await said(["stacks"], { ELEVATION_JOURNAL: "" }), [
      2,
      "error: no journal is given; set `ELEVATION_JOURNAL` or give `--journal`, as in file:/var/lib/elevation/journal.jsonl\n",
    ]);
    assert.deepEqual(await said(["reap", "--once", "--stacks", "."]), [
      2,
      "error: `--stacks` is for a reaper that keeps running; leave out `--once` or `--stacks`\n",
    ]);
    two.workspace.remove("stacks/Pulumi.production.yaml");
    two.workspace.remove("stacks/Pulumi.staging.yaml");
    assert.deepEqual(await said(["stacks"]), [
      2,
      "error: the project has no stack; write stacks/Pulumi.<stack>.yaml\n",
    ]);
  });
});
