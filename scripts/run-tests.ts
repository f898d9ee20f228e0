// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { getEngine } from "@elevation/engine";
import Mocha from "mocha";
import { repository } from "./support/workspace";

// All tests, or those below the folders that are named (`unit`, `integration/pulumi`), with one closing line for whoever
// only wants to know: `N passed, N failed`.

async function main(folders: readonly string[]): Promise<void> {
  const root = join(repository, "test", "dist");
  const files = (
    folders.length > 0 ? folders : ["unit", "property", "differential", "conformance", "faults", "integration"]
  )
    .flatMap((folder) => testsBelow(join(root, folder)))
    .sort();
  if (files.some((file) => file.includes("/integration/"))) {
    // Got before the first test: a build takes minutes, and says so.
    const engine = await getEngine({ onProgress: (line) => process.stderr.write(`${line}\n`) });
    process.stderr.write(`engine: pulumi ${engine.version} (${engine.source})\n`);
  }
  const mocha = new Mocha({
    timeout: 20_000,
    forbidOnly: true,
    reporter: "spec",
    color: process.stdout.isTTY === true,
  });
  for (const file of files) mocha.addFile(file);
  const runner = mocha.run((failures) => {
    const { passes, pending } = runner.stats ?? { passes: 0, pending: 0 };
    const skipped = pending > 0 ? `, ${pending} skipped` : "";
    process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`, () =>
      process.exit(failures > 0 || passes === 0 ? 1 : 0),
    );
  });
}

function testsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.js"))
    .map((name) => join(folder, name));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.stdout.write("0 passed, 1 failed\n", () => process.exit(1));
});
