// SPDX-License-Identifier: Apache-2.0

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "@elevation/engine";
import { definedOf } from "../pipeline/job";
import { installAside } from "../support/installed-aside";
import { execute, repository } from "../support/workspace";
import { copyCheckout } from "./checkout-copy";
import type { StrykerReport } from "./mutation-run";

type Say = (text: string) => void;

/** What is mutated unless files are named: decide(), windows and digests. These keep nothing: their mutants share a process. */
const FORGETFUL = [
  ...["decide", "allow-rules", "deny-rules", "approvals", "limits", "extension", "break-glass"],
  ...["target-kinds", "duration"],
].map(inDomain);

/**
 * These keep what they once worked out, which the tests that follow in the same process get: a process a mutant, because what one
 * worked out wrongly would kill the next.
 */
const KEEPING = [
  ...["case", "rule-index", "grant-index", "compiled-directory", "compiled-policy", "compiled-who"],
  ...["hours", "zone-time", "instant", "digest", "canonical-json"],
].map(inDomain);

/** What the report is about. */
export const MUTATED: readonly string[] = [...FORGETFUL, ...KEEPING];

/**
 * Those first that soon find most: a mutant's run ends at the first test that fails. NB. Stryker knows no braces in patterns, and says
 * nothing where one finds no file.
 */
const TESTS = [
  ...["steps", "windows", "instant", "duration", "break-glass", "conflicts", "cooldown", "extensions", "limits"],
  ...["on-behalf", "judged-again", "compiled-policy", "many-rules", "decide", "hours", "approvals"],
]
  .map((name) => `test/dist/unit/domain/${name}.test.js`)
  .concat(
    "test/dist/differential/sentences.test.js",
    "test/dist/differential/decide.test.js",
    "test/dist/property/canonical-json.test.js",
    "test/dist/unit/domain/*.test.js",
  );

/** A fast profile: half a second of cases beside the oracle, for each mutant that gets so far. */
const PROPERTY_RUNS = "500";

/** That the generator reaches everything and that chains of any length are read is not about what is mutated, and takes longer than all else. */
const NOT_NEEDED = "^(?!.*(when thousands of cases are made|when job functions include each other in a long chain))";

/** Which mutants are tried. */
export interface Scope {
  /** Files as the report calls them, or `file:line-line`; empty: all that the report is about. */
  readonly only: readonly string[];
  /** How many are tried at once. */
  readonly concurrency: number;
}

/**
 * Tries mutants in copies of the built checkout, which are removed at the end. Throws where a tool can't be installed or where the
 * tests fail without any mutant.
 */
export async function tryMutants({ only, concurrency }: Scope, say: Say): Promise<StrykerReport> {
  const source = join(repository, "scripts", "mutate", "tools");
  const tools = await installAside(source, cacheFolder(process.env, "mutate"), () => say("installing Stryker, once\n"));
  const places = only.length === 0 ? MUTATED : only;
  const [sharing, apart] = [places.filter(isForgetful), places.filter((place) => !isForgetful(place))];
  let files: StrykerReport["files"] = {};
  for (const pass of [
    { mutate: sharing, concurrency, maxTestRunnerReuse: 0 },
    { mutate: apart, concurrency, maxTestRunnerReuse: 1 },
  ]) {
    if (pass.mutate.length > 0) files = { ...files, ...(await run(tools, pass, say)).files };
  }
  return { files };
}

function isForgetful(place: string): boolean {
  return FORGETFUL.includes(place.replace(/:.*/, ""));
}

function inDomain(name: string): string {
  return `domain/${name}.ts`;
}

async function run(tools: string, pass: Readonly<Record<string, unknown>>, say: Say): Promise<StrykerReport> {
  const copy = copyCheckout(repository);
  try {
    const report = join(copy, "mutation.json");
    const config = {
      ...pass,
      inPlace: true,
      testRunner: "mocha",
      mochaOptions: {
        spec: TESTS,
        require: ["./test/dist/support/fixed-seed.js"],
        grep: NOT_NEEDED,
        "no-config": true,
      },
      buildCommand: "node node_modules/typescript/bin/tsc -p domain --noCheck",
      coverageAnalysis: "perTest",
      // Long, because a mutant that is only slow on a busy machine would count as found.
      timeoutMS: 20_000,
      reporters: [process.stderr.isTTY ? "progress" : "progress-append-only", "json"],
      jsonReporter: { fileName: report },
      allowConsoleColors: false,
      logLevel: "warn",
      // It would have the static mutants left out.
      warnings: { slow: false },
    };
    writeFileSync(join(copy, "stryker.config.json"), JSON.stringify(config));
    const stryker = join(tools, "node_modules", "@stryker-mutator", "core", "bin", "stryker.js");
    const env = { ...definedOf(process.env), PROPERTY_RUNS };
    const { code, output } = await execute(process.execPath, [stryker, "run"], env, copy, { onOutput: say });
    if (code !== 0) {
      throw new Error(
        `Stryker ended with exit code ${code}; ${output === "" ? "it said nothing" : "what it said is above"}`,
      );
    }
    return JSON.parse(readFileSync(report, "utf8")) as StrykerReport;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
