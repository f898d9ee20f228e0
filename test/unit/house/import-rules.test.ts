// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { repository } from "@elevation/scripts/support/workspace";

/** The arrows between rooms hold because the linter refuses the others; here it is seen to refuse them. */
describe("the import rules", function () {
  this.timeout(20_000);
  const refused: readonly [string, string][] = [
    ["domain/decide.ts", "@elevation/journal"],
    ["domain/decide.ts", "node:fs"],
    ["journal/judge.ts", "@elevation/provider"],
    ["journal/judge.ts", "pg"],
    ["journal/postgres/link.ts", "@elevation/provider"],
    ["policypack/verdict.ts", "@elevation/provider"],
    ["provider/index.ts", "./lifecycle/activate"],
    ["provider/resource/grant.ts", "../lifecycle/activate"],
    ["provider/lifecycle/activate.ts", "../targets/postgres"],
    ["provider/lifecycle/activate.ts", "pg"],
    ["provider/targets/all.ts", "../lifecycle/revoke"],
    ["provider/targets/all.ts", "@elevation/journal"],
    ["cli/run.ts", "@elevation/policypack/rules"],
  ];
  const allowed: readonly [string, string][] = [
    ["journal/judge.ts", "@elevation/domain"],
    ["journal/postgres/link.ts", "pg"],
    ["policypack/verdict.ts", "@elevation/journal"],
    ["provider/targets/all.ts", "@elevation/journal/postgres"],
    ["provider/targets/all.ts", "../lifecycle/ports"],
    ["cli/run.ts", "@elevation/provider"],
  ];

  let report: string;
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "elevation-lint-"));
    copyFileSync(join(repository, "biome.json"), join(folder, "biome.json"));
    [...refused, ...allowed].forEach(([file, imported], index) => {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(
        join(folder, place(file, index)),
        `import * as other from "${imported}";\n\nexport const seen = other;\n`,
      );
    });
    const biome = join(repository, "node_modules", ".bin", "biome");
    const args = [
      "lint",
      "--vcs-enabled=false",
      "--only=style/noRestrictedImports",
      "--reporter=github",
      "--max-diagnostics=none",
    ];
    const { stdout, stderr } = spawnSync(biome, args, { cwd: folder, encoding: "utf8" });
    report = stdout + stderr;
  });
  after(() => rmSync(folder, { recursive: true }));

  [...refused, ...allowed].forEach(([file, imported], index) => {
    const isRefused = index < refused.length;
    it(`when ${file} imports ${imported}, then the linter ${isRefused ? "refuses it" : "lets it pass"}`, () => {
      const found = report
        .split("\n")
        .some((line) => line.includes(place(file, index)) && line.includes("noRestrictedImports"));
      assert.equal(found, isRefused, report);
    });
  });
});

/** The file's folder decides which rules hold; where a rule names the file itself, so does its name. */
function place(file: string, index: number): string {
  return file.endsWith("index.ts") ? file : join(dirname(file), `case-${index}.ts`);
}
