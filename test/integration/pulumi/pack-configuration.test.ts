// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createWorkspace, type Finished, must, openStack, type Workspace } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { aPolicy, DIRECTORY, requestText } from "../../support/pulumi-suite";

/** What is set, what is refused and by whom is the engine's affair and ours: only a real run shows both. */
describe("pulumi, the pack's configuration", function () {
  this.timeout(180_000);
  const WITHOUT = { ELEVATION_JOURNAL: "", ELEVATION_JOURNAL_ID: "" };
  let workspace: Workspace;

  before(async function () {
    this.timeout(engineTimeoutMs);
    const engine = await theEngine();
    workspace = createWorkspace({ policy: aPolicy(), directory: DIRECTORY, env: engine.env });
    await openStack(workspace, "production");
    workspace.write("stacks/requests/alice.yaml", requestText("alice", {}));
  });
  after(() => workspace?.dispose());

  /** A preview with that configuration. */
  function preview(config: object, env = {}): Promise<Finished> {
    workspace.write("config.json", JSON.stringify(config));
    const pack = ["--policy-pack", "policypack", "--policy-pack-config", "config.json"];
    return workspace.pulumi(["preview", ...pack], { env });
  }

  it("when a preview without a journal is to fail, then journal-read fails it, unless an absent one is accepted", async () => {
    const level = { enforcementLevel: "mandatory" };
    const failed = await preview({ "journal-read": level }, WITHOUT);
    assert.notEqual(failed.code, 0);
    assert.match(
      failed.output,
      /\[mandatory\] \[severity: medium\] {2}journal-read .*\n.*\n +judged as a new request, without a trusted journal \(`ELEVATION_JOURNAL` is not set\); /,
    );
    const accepted = await must(preview({ "journal-read": { ...level, acceptAbsent: true } }, WITHOUT));
    assert.doesNotMatch(accepted.output, /journal-read/);
    const foreign = { ELEVATION_JOURNAL_ID: "0".repeat(64) };
    const untrusted = await preview({ "journal-read": { ...level, acceptAbsent: true } }, foreign);
    assert.notEqual(untrusted.code, 0);
    assert.match(untrusted.output, /\[mandatory\] .*journal-read /);
  });

  it("when a value is of another type, then the engine refuses it by the schema", async () => {
    const { code, output } = await preview({ "journal-read": { acceptAbsent: "yes" } });
    assert.notEqual(code, 0);
    assert.match(output, /journal-read: acceptAbsent: Invalid type. Expected: boolean, given: string/);
    const other = await preview({ "break-glass-reviewed": { show: "nothing" } });
    assert.notEqual(other.code, 0);
    assert.match(
      other.output,
      /break-glass-reviewed: show: show must be one of the following: "unreviewed", "overdue"/,
    );
  });

  it("when a setting's name is unknown, which the engine passes over, then the pack fails the run, without a stack trace", async () => {
    const { code, output } = await preview({ "time-boundary": { enforcementLevel: "advisory", max: "PT8H" } });
    assert.notEqual(code, 0);
    assert.match(
      output,
      /the pack's configuration of `time-boundary`: `max` is no setting, only `enforcementLevel` is; remove it\n/,
    );
    assert.doesNotMatch(output, /settings\.(js|ts)/);
  });
});
