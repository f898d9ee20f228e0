// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DOCUMENT_KINDS, type DocumentKind, jsonSchemaOf } from "@elevation/domain";
import { repository } from "./workspace";

/** Where the schemas lie that documents of this repository name in their first line, for editors. */
export const SCHEMAS_FOLDER = join(repository, "docs", "schemas");

/** The file of a kind: `policy-test.json` for PolicyTest. */
export function schemaFileOf(kind: DocumentKind): string {
  return `${kind.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase()}.json`;
}

/** The text of every schema by its file's name: what `elevate schema` prints. */
export function renderSchemas(): ReadonlyMap<string, string> {
  return new Map(
    DOCUMENT_KINDS.map((kind) => [schemaFileOf(kind), `${JSON.stringify(jsonSchemaOf(kind), null, 2)}\n`]),
  );
}

/** Writes the schemas, and removes those of kinds that are gone. Gives their number. */
export function writeSchemas(): number {
  const schemas = renderSchemas();
  mkdirSync(SCHEMAS_FOLDER, { recursive: true });
  for (const name of readdirSync(SCHEMAS_FOLDER)) if (!schemas.has(name)) rmSync(join(SCHEMAS_FOLDER, name));
  for (const [name, text] of schemas) writeFileSync(join(SCHEMAS_FOLDER, name), text);
  return schemas.size;
}
