// SPDX-License-Identifier: Apache-2.0
// Writes docs/rules from the rules of the pack, and docs/lint.md from the checks of lint.
import { writeLintPage } from "./support/lint-docs";
import { writePages } from "./support/rules-docs";

writeLintPage();
writePages().then(
  (pages) => void process.stdout.write(`docs/rules: ${pages} pages\ndocs/lint.md\n`),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
