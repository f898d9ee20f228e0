// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { activate, endGrant, type OpenState } from "@elevation/provider/lifecycle";
import { type Effects, effectsOn } from "@elevation/scripts/pipeline/effects";
import type { Stack } from "@elevation/scripts/pipeline/job";
import { renderSummary } from "@elevation/scripts/pipeline/summary";
import { aRequest, createWorld, inputsOf, type TestWorld } from "../../support/lifecycle";

const HELD = "`alice` is a member of `orders_admin` already";

describe("a preview of a request for what the person has already", () => {
  let world: TestWorld;
  let root: string;

  beforeEach(async () => {
    world = await createWorld();
    root = mkdtempSync(join(tmpdir(), "elevation-held-"));
    mkdirSync(join(root, "stacks", "requests"), { recursive: true });
    writeFileSync(join(root, "stacks", "requests", "again.yaml"), JSON.stringify(aRequest({}, "again")));
  });
  afterEach(async () => {
    rmSync(root, { recursive: true, force: true });
    await world.dispose();
  });

  async function preview(): Promise<Effects> {
    const { view } = await (await world.journal()).step(() => ({ events: [], result: null }));
    const where = { root, base: null, project: "elevation", organization: "organization" };
    const stack = { name: "production", environments: ["production"] } as unknown as Stack;
    return effectsOn(stack, { ...where, documents: world.documents, view, now: world.now });
  }

  it("when her last grant of it found that, then the effect says so, and the summary; when it found nothing, nothing does", async () => {
    assert.equal((await preview()).requests[0]?.effect?.alreadyHeld, undefined);
    for (const held of [[HELD], []]) {
      world.target.held = held;
      const inputs = inputsOf(aRequest({}, `earlier-${held.length}`));
      await endGrant(world, (await activate(world, inputs)) as OpenState, "withdrawn");
      const effects = await preview();
      assert.deepEqual(effects.requests[0]?.effect?.alreadyHeld ?? [], held);
      const summary = renderSummary({
        ...{ passed: true, notes: [], policy: null },
        previewed: [{ stack: "production", effects, passed: true, output: "" }],
      });
      const line = "- **already held**, when it was last looked at: ` alice ` is a member of ` orders_admin ` already";
      assert.equal(summary.includes(line), held.length > 0);
    }
    assert.deepEqual(world.said, [`warning: \`earlier-1\` at \`orders\`: ${HELD}`]);
  });
});
