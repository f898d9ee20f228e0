// SPDX-License-Identifier: Apache-2.0
// Writes docs/rules from the rules of the pack.
import { writePages } from "./support/rules-docs";

writePages().then(
  (pages) => void process.stdout.write(`docs/rules: ${pages} pages\n`),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
