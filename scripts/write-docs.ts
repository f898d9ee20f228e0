// SPDX-License-Identifier: Apache-2.0
// Writes docs/rules from the rules of the pack, docs/lint.md from the checks of lint, docs/schemas from the schemas that read documents.
import { writeLintPage } from "./support/lint-docs";
import { writePages } from "./support/rules-docs";
import { writeSchemas } from "./support/schema-files";

process.stdout.write(`docs/schemas: ${writeSchemas()} schemas\n`);
writeLintPage();
writePages().then(
  (pages) => void process.stdout.write(`docs/rules: ${pages} pages\ndocs/lint.md\n`),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
