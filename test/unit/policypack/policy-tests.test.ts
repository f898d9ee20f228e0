// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { elevate, ROOT } from "../../integration/cli/elevate";

describe("the shipped policy", () => {
  it("when its own tests are run, then all pass, and they see every outcome of every rule", async () => {
    const { exit, stdout, stderr } = await elevate(["test", "policypack/tests"], { cwd: ROOT });
    assert.match(stdout, /^\d+ passed, 0 failed\n(\d+) of \1 outcomes of 7 rules seen\n$/);
    assert.deepEqual([exit, stderr], [0, ""]);
  });
});
