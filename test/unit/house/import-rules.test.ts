// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { repository } from "@elevation/scripts/support/workspace";

/** What holds the arrows and keeps domain pure; other rules would find more in these files. */
const RULES = ["noRestrictedImports", "noRestrictedGlobals", "useNodejsImportProtocol", "title=plugin"];

/** The arrows between rooms hold because the linter refuses the others; here it is seen to refuse them. */
describe("the import rules", function () {
  this.timeout(20_000);
  const refused: readonly [string, string][] = [
    ["domain/decide.ts", "@elevation/journal"],
    ["domain/decide.ts", "@elevation/journal/postgres"],
    ["domain/decide.ts", "node:fs"],
    ["domain/decide.ts", "node:fs/promises"],
    ["domain/decide.ts", "fs"],
    ["domain/decide.ts", "path"],
    ["domain/decide.ts", "fs/promises"],
    ["journal/judge.ts", "@elevation/provider"],
    ["journal/judge.ts", "@elevation/provider/lifecycle"],
    ["journal/judge.ts", "pg"],
    ["journal/postgres/link.ts", "@elevation/provider"],
    ["journal/postgres/link.ts", "@elevation/provider/lifecycle"],
    ["policypack/verdict.ts", "@elevation/provider"],
    ["policypack/verdict.ts", "@elevation/provider/lifecycle"],
    ["policypack/rules/index.ts", "@elevation/cli"],
    ["provider/index.ts", "@elevation/policypack"],
    ["provider/index.ts", "./lifecycle/activate"],
    ["provider/resource/grant.ts", "../lifecycle/activate"],
    ["provider/lifecycle/activate.ts", "../targets/postgres"],
    ["provider/lifecycle/activate.ts", "pg"],
    ["provider/lifecycle/activate.ts", "@pulumi/pulumi"],
    ["provider/lifecycle/activate.ts", "../resource/grant"],
    ["provider/lifecycle/create-world.ts", "../targets/postgres/target"],
    ["provider/lifecycle/create-world.ts", "../resource/grant"],
    ["provider/lifecycle/create-world.ts", "pg"],
    ["provider/targets/all.ts", "../lifecycle/revoke"],
    ["provider/targets/all.ts", "@elevation/journal"],
    ["provider/targets/all.ts", "@elevation/policypack/rules"],
    ["cli/run.ts", "@elevation/policypack"],
    ["cli/run.ts", "@elevation/policypack/rules"],
    ["cli/run.ts", "@elevation/engine"],
    ["cli/run.ts", "@elevation/scripts/support/workspace"],
    ["cli/run.ts", "@elevation/reaper/agenda"],
    ["cli/run.ts", "@pulumi/pulumi"],
    ["reaper/agenda.ts", "@elevation/provider/targets"],
    ["reaper/agenda.ts", "@elevation/cli"],
    ["engine/cache.ts", "@elevation/domain"],
    ["engine/cache.ts", "@elevation/scripts/support/workspace"],
    ["scripts/demo.ts", "@elevation/cli"],
    ["scripts/demo.ts", "../cli/run"],
    ["scripts/demo.ts", "../stacks/index"],
    ["scripts/demo.ts", "../test/support/engine"],
    ["scripts/support/engine.ts", "../../test/support/engine"],
    ["stacks/index.ts", "@elevation/provider/lifecycle"],
    ["stacks/index.ts", "@elevation/domain"],
    ["stacks/index.ts", "@elevation/journal/postgres"],
    ["stacks/index.ts", "node:fs"],
    ["stacks/index.ts", "pg"],
    ["stacks/examples/new-grant.ts", "../../provider/index"],
    ["stacks/index.ts", "../provider/index"],
    ["stacks/examples/new-grant.ts", "@elevation/scripts/support/workspace"],
  ];
  const allowed: readonly [string, string][] = [
    ["domain/decide.ts", "node:crypto"],
    ["domain/decide.ts", "luxon"],
    ["domain/decide.ts", "./digest"],
    ["journal/judge.ts", "@elevation/domain"],
    ["journal/judge.ts", "node:fs"],
    ["journal/postgres/link.ts", "pg"],
    ["policypack/verdict.ts", "@elevation/journal"],
    ["provider/targets/all.ts", "@elevation/journal/postgres"],
    ["provider/targets/all.ts", "../lifecycle/ports"],
    ["provider/lifecycle/create-world.ts", "../targets"],
    ["provider/lifecycle/exported-stack.ts", "../resource/shell-text"],
    ["cli/run.ts", "@elevation/provider"],
    ["cli/run.ts", "@elevation/provider/lifecycle"],
    ["cli/run.ts", "@elevation/reaper/stacks"],
    ["reaper/stacks/open-stacks.ts", "@elevation/engine"],
    ["engine/cache.ts", "./command"],
    ["scripts/demo.ts", "@elevation/provider/lifecycle"],
    ["scripts/demo.ts", "@elevation/policypack/rules"],
    ["scripts/demo.ts", "./support/workspace"],
    ["stacks/index.ts", "@elevation/provider"],
    ["stacks/index.ts", "@pulumi/pulumi"],
    ["stacks/index.ts", "@pulumi/pulumi/automation"],
    ["stacks/index.ts", "./examples/new-grant"],
    ["stacks/examples/new-grant.ts", "./another"],
  ];
  /** What domain may not say, though it imports nothing: it has no clock, no chance and no I/O. */
  const impure: readonly string[] = [
    "Date.now()",
    "new Date()",
    "Date()",
    "DateTime.now()",
    "DateTime.local()",
    "DateTime.utc()",
    "Math.random()",
    "performance.now()",
    "process.env",
    "globalThis.Date",
    'require("node:crypto")',
    'require("fs")',
    'import("node:fs")',
  ];
  const pure: readonly string[] = [
    "new Date(0)",
    "new Date(0).getTime()",
    'DateTime.fromISO("2026-11-24")',
    "Date.UTC(0)",
  ];

  let folder: string;
  let findings: readonly string[];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "elevation-lint-"));
    for (const file of ["biome.json", "domain/no-clock.grit"]) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      copyFileSync(join(repository, file), join(folder, file));
    }
    for (const [file, lines] of linesOf([...refused, ...allowed])) write(file, `${lines.join("\n")}\n`);
    [...impure, ...pure].forEach((expression, index) => {
      write(spoken(index), `import { DateTime } from "luxon";\n\nexport const seen = [DateTime, ${expression}];\n`);
    });
    const biome = join(repository, "node_modules", ".bin", "biome");
    const args = ["lint", "--vcs-enabled=false", "--reporter=github", "--max-diagnostics=none"];
    const { stdout, stderr } = spawnSync(biome, args, { cwd: folder, encoding: "utf8" });
    findings = (stdout + stderr).split("\n").filter((line) => RULES.some((rule) => line.includes(rule)));
  });
  after(() => rmSync(folder, { recursive: true }));

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }

  [...refused, ...allowed].forEach((row, index) => {
    const [file, imported] = row;
    const isRefused = index < refused.length;
    it(`when ${file} imports ${imported}, then the linter ${isRefused ? "refuses it" : "lets it pass"}`, () => {
      const line = (linesOf([...refused, ...allowed]).get(file) ?? []).indexOf(lineOf(row)) + 1;
      const found = findings.filter((finding) => finding.includes(`/${file},line=${line},`));
      assert.equal(found.length > 0, isRefused, found.join("\n"));
    });
  });

  [...impure, ...pure].forEach((expression, index) => {
    const isRefused = index < impure.length;
    it(`when domain says ${expression}, then the linter ${isRefused ? "refuses it" : "lets it pass"}`, () => {
      const found = findings.filter((finding) => finding.includes(`/${spoken(index)},`));
      assert.equal(found.length > 0, isRefused, found.join("\n"));
    });
  });
});

/** All that the rows import, by file, a line each: some rules name the very file. */
function linesOf(rows: readonly (readonly [string, string])[]): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  for (const row of rows) files.set(row[0], [...(files.get(row[0]) ?? []), lineOf(row)]);
  return files;
}

function lineOf([, imported]: readonly [string, string]): string {
  return `export * as seen_${imported.replace(/\W/g, "_")} from "${imported}";`;
}

function spoken(index: number): string {
  return `domain/said-${index}.ts`;
}
