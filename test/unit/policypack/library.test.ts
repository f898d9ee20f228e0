// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJudge } from "@elevation/domain";
import { bundlePack } from "@elevation/scripts/support/bundle-pack";
import { elevate, ROOT, TIMEOUT } from "../../integration/cli/elevate";

const LIBRARY = join("policypack", "library");
const POLICIES = readdirSync(join(ROOT, LIBRARY)).sort();
/** Before turns and freezes of the library are over, which lint would tell. */
const AT = "2026-11-24T10:00:00Z";

describe("the policy library", function () {
  this.timeout(TIMEOUT);

  it("when it is listed, then it has a policy for a bank and one for a small team", () => {
    assert.deepEqual(POLICIES, ["regulated-bank", "small-team"]);
  });

  for (const name of POLICIES) {
    const folder = join(LIBRARY, name);
    const [policy, directory] = [join(folder, "elevation.yaml"), join(folder, "directory.yaml")];
    const source = (file: string) => ({ file, text: readFileSync(join(ROOT, file), "utf8") });

    it(`when ${name} is copied, then it comes with people, tests and words`, () => {
      assert.deepEqual(readdirSync(join(ROOT, folder)).sort(), [
        "README.md",
        "directory.yaml",
        "elevation.yaml",
        "tests",
      ]);
    });

    it(`when ${name} is read to grant by it, then nothing is wrong with it`, () => {
      assert.equal(readJudge(source(policy), source(directory)).policy.value.requests?.proof, "none");
    });

    it(`when ${name} is linted, then not even a note is found`, async () => {
      const documents = ["--policy", policy, "--directory", directory, "--tests", join(folder, "tests")];
      const { exit, stdout, stderr } = await elevate(["lint", "--at", AT, ...documents], { cwd: ROOT });
      assert.deepEqual([exit, stdout, stderr], [0, "nothing is found\n", ""]);
    });

    it(`when the tests of ${name} are run, then all pass, and they see every outcome of every rule`, async () => {
      const { exit, stdout, stderr } = await elevate(["test", folder, "--coverage", "--json"], { cwd: ROOT });
      const { passed, failed, coverage } = JSON.parse(stdout) as Report;
      assert.deepEqual([exit, stderr, failed], [0, "", 0]);
      assert.ok(passed > 0);
      assert.deepEqual(
        coverage.map(({ policy, rules }) => [policy, rules.filter(({ unseen }) => unseen.length > 0)]),
        [[policy, []]],
      );
    });
  }

  it("when the pack is bundled, then the library stays behind", async () => {
    const folder = mkdtempSync(join(tmpdir(), "elevation-library-"));
    try {
      await bundlePack(folder);
      const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
        /\.(ya?ml|md)$/.test(file),
      );
      assert.deepEqual(files.sort(), ["PulumiPolicy.yaml", "directory.yaml", "elevation.yaml"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly coverage: readonly {
    readonly policy: string;
    readonly rules: readonly { readonly rule: string; readonly unseen: readonly string[] }[];
  }[];
}
