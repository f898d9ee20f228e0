// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { execute, repository } from "@elevation/scripts/support/workspace";
import { describe, it } from "mocha";

describe("npm run bench", () => {
  // Whether it runs, and measures what it says; never how fast: a busy machine must not fail a test.
  it("when it is asked for one grant, then it prints all of its tables", async () => {
    const bench = join(repository, "scripts", "dist", "bench.js");
    const env = process.env as Record<string, string>;
    const { code, stdout, output } = await execute(
      process.execPath,
      [bench, "--quick", "--sizes", "1", "--events", "500"],
      env,
      repository,
    );
    assert.equal(code, 0, output);
    const headings = stdout.split("\n").filter((line) => line.startsWith("##"));
    assert.deepEqual(
      headings.map((heading) => heading.replace(/, pulumi .*/, "")),
      [
        "## Machine",
        "## Decisions",
        "### Targets",
        "## Journal (file, fsync)",
        "### Appends, events a second (median; smallest to largest)",
        "### Verifying (`elevate audit verify`)",
        "### Targets",
        "## Stacks",
        "### Operations, seconds (median; smallest to largest)",
        "### Peak memory, MiB",
        "### State, bytes",
        "## Lateness",
        "### Targets",
      ],
    );
    for (const operation of ["preview", "preview, our pack", "up", "refresh", "destroy", "up with checkpoints"]) {
      assert.match(stdout, new RegExp(`^\\| 1 +\\| ${operation} +\\| \\d+\\.\\d\\d +\\|`, "m"));
    }
    assert.doesNotMatch(stdout, /NaN|Infinity|undefined/);
  }).timeout(300_000);
});
