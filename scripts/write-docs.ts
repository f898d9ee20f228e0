// SPDX-License-Identifier: Apache-2.0
// Writes docs/rules from the rules of the pack, and docs/schemas from the schemas that read documents.
import { writePages } from "./support/rules-docs";
import { writeSchemas } from "./support/schema-files";

process.stdout.write(`docs/schemas: ${writeSchemas()} schemas\n`);
writePages().then(
  (pages) => void process.stdout.write(`docs/rules: ${pages} pages\n`),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
