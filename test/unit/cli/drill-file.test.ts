// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readDrillFile } from "@elevation/cli/dist/drill-file";
import { describe, it } from "mocha";
import { aProject } from "../../integration/cli/elevate";
import { aDrill, CANARY } from "../../support/drill-file";

describe("a file of fire drills", () => {
  it("when a canary has several, then each waits for the longest end of them, in whatever environment", () => {
    const project = aProject();
    const [, another = ""] = aDrill({ endsWithin: "PT90S" }).split("drills:\n");
    const other = another
      .replace("name: orders", "name: staging")
      .replace("environment: production", "environment: staging");
    project.write("drills.yaml", `${aDrill()}${other}`);
    const env = { [CANARY]: "postgres://alice:pw@127.0.0.1/orders" };
    const terminal = { cwd: project.path, env } as unknown as Parameters<typeof readDrillFile>[2];
    const drills = readDrillFile("drills.yaml", new Set(["production"]), terminal);
    assert.deepEqual(
      drills.map(({ name, endsWithin, longestEndsWithin }) => [name, endsWithin, longestEndsWithin]),
      [["orders", 20_000, 90_000]],
    );
    project.remove();
  });
});
