// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundlePack } from "@elevation/scripts/support/bundle-pack";
import { createWorkspace, execute, must, openStack, type Workspace } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { sharedJournalServer } from "../../support/journal-server";
import { aPolicy, DIRECTORY, requestText } from "../../support/pulumi-suite";

const LIMITS = "limits: { perRole: { orders-admin: { live: 1 } } }";

/** The pack as `pulumi policy publish` would carry it: packed by npm, unpacked elsewhere, its dependencies installed. */
describe("pulumi, the bundled pack", function () {
  this.timeout(180_000);
  const journalServer = sharedJournalServer();
  let workspace: Workspace;
  /** Outside of the repository, so that nothing is found beside it. */
  let away: string;
  let bundle: string;
  let installed: string;

  before(async function () {
    this.timeout(engineTimeoutMs);
    const engine = await theEngine();
    workspace = createWorkspace({ policy: aPolicy(LIMITS), directory: DIRECTORY, env: engine.env });
    await openStack(workspace, "production");
    away = mkdtempSync(join(tmpdir(), "elevation-bundle-"));
    [bundle, installed] = [join(away, "bundle"), join(away, "installed")];
    await bundlePack(bundle, join(workspace.root, "policypack"));
    const npm = (args: string[], cwd: string) => must(execute("npm", args, workspace.env, cwd));
    const { stdout } = await npm(["pack", "--json", "--pack-destination", away], bundle);
    const [{ filename } = assert.fail()] = JSON.parse(stdout) as { filename: string }[];
    mkdirSync(installed);
    await must(execute("tar", ["-xzf", filename, "--strip-components=1", "-C", installed], workspace.env, away));
    await npm(["install", "--omit=dev", "--prefer-offline", "--no-audit", "--no-fund"], installed);
  });
  after(() => {
    workspace?.dispose();
    if (away !== undefined) rmSync(away, { recursive: true });
  });

  /** What the pack says in a preview, without the folder that it lies in and the second in which it was asked. */
  async function said(pack: string, env = {}): Promise<{ code: number; said: string }> {
    const { code, output } = await workspace.pulumi(["preview", "--policy-pack", pack], { env });
    const policies = output.slice(output.indexOf("Policies:")).split("\n\n")[0] ?? "";
    return { code, said: policies.replaceAll(/\(local: [^)]+\)|\d{4}-\d\d-\d\dT[\d:.]+Z/g, "") };
  }

  it("when it is made, then it holds code, documents and notices, and the same bytes each time", async () => {
    const again = join(away, "again");
    await bundlePack(again, join(workspace.root, "policypack"));
    const files = (folder: string) => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
    assert.deepEqual(files(again), files(bundle));
    assert.deepEqual(files(bundle), [
      ...["LICENSE", "PulumiPolicy.yaml", "THIRD-PARTY.txt", "directory.yaml", "dist", "dist/index.js"],
      ...["elevation.yaml", "package.json"],
    ]);
    for (const file of files(bundle).filter((name) => name !== "dist")) {
      assert.ok(readFileSync(join(bundle, file)).equals(readFileSync(join(again, file))), file);
    }
    const code = readFileSync(join(bundle, "dist", "index.js"), "utf8");
    assert.ok(!code.includes(workspace.root) && !code.includes(process.cwd()), "no path of this machine");
    const own = readFileSync(join(workspace.root, "policypack", "elevation.yaml"), "utf8");
    assert.equal(readFileSync(join(installed, "elevation.yaml"), "utf8"), own, "the documents travel along");
  });

  it("when documents have errors, then nothing is bundled, and the folder stays as it was", async () => {
    const broken = join(away, "broken");
    workspace.write("broken/elevation.yaml", aPolicy("limits: { perRole: { nobody: { live: 1 } } }"));
    workspace.write("broken/directory.yaml", DIRECTORY);
    await bundlePack(broken, join(workspace.root, "policypack"));
    await assert.rejects(bundlePack(broken, join(workspace.root, "broken")), /elevation\.yaml:\d+:\d+: .*`nobody`/);
    assert.ok(readFileSync(join(broken, "elevation.yaml"), "utf8").includes("orders-admin"));
  });

  it("when it judges in a real preview, then it says what the pack of the repository says", async () => {
    workspace.write("stacks/requests/alice.yaml", requestText("alice", {}));
    const good = await said(installed);
    assert.deepEqual([good.code, good.said], [0, "Policies:\n    ✅ elevation@v0.1.0 "]);

    workspace.write("stacks/requests/bruno.yaml", requestText("bruno", { requester: "bruno@example.com" }));
    workspace.write("stacks/requests/mallory.yaml", requestText("mallory", { requester: "mallory@example.com" }));
    const bad = await said(installed);
    assert.deepEqual(bad, await said("policypack"));
    assert.notEqual(bad.code, 0);
    assert.match(bad.said, /\[mandatory\] \[severity: critical\] {2}role-constraint .*mallory-/);
    assert.match(
      bad.said,
      /\[advisory\] \[severity: high\] {2}grants-allowed-together [\s\S]*`bruno` is allowed alone and denied behind `alice`, granted before it in the same run: `bruno` would be live grant 2 of `orders-admin` in `production`, the policy allows 1; /,
    );

    const without = { ELEVATION_JOURNAL: "", ELEVATION_JOURNAL_ID: "" };
    assert.deepEqual(await said(installed, without), await said("policypack", without));
  });

  it("when the journal is in PostgreSQL, then the bundle reads it", async () => {
    const database = await (await journalServer()).database();
    try {
      const id = await database.open();
      const env = { ELEVATION_JOURNAL: database.address("journal_reader"), ELEVATION_JOURNAL_ID: id };
      const read = await said(installed, env);
      assert.doesNotMatch(read.said, /journal-read/);
      assert.deepEqual(read, await said("policypack", env));
      const foreign = await said(installed, { ...env, ELEVATION_JOURNAL_ID: "0".repeat(64) });
      assert.match(foreign.said, /journal-read/);
    } finally {
      await database.drop();
    }
  });
});
