// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { DOCUMENT_KINDS, jsonSchemaOf } from "@elevation/domain";
import { renderSchemas, SCHEMAS_FOLDER, schemaFileOf } from "@elevation/scripts/support/schema-files";
import { repository } from "@elevation/scripts/support/workspace";
import { shippedDocuments } from "../../support/shipped-documents";

const MEND = "run `npm run docs`, and commit docs/schemas";

describe("docs/schemas", () => {
  const schemas = renderSchemas();

  it("when a kind is added or removed, then its schema is, too", () => {
    assert.deepEqual(
      [...schemas.keys()],
      ["policy.json", "directory.json", "request.json", "order.json", "policy-test.json", "fire-drills.json"],
    );
    assert.deepEqual(readdirSync(SCHEMAS_FOLDER).sort(), [...schemas.keys()].sort(), MEND);
  });

  for (const [name, text] of schemas) {
    it(`when ${name} is read, then it says what the reader of documents goes by`, () => {
      assert.equal(readFileSync(join(SCHEMAS_FOLDER, name), "utf8"), text, MEND);
    });
  }

  for (const kind of DOCUMENT_KINDS) {
    it(`when a field or a mapping may stand in a ${kind}, then its schema says what it means`, () => {
      assert.deepEqual(undescribed(jsonSchemaOf(kind)), []);
    });
  }
});

describe("shipped documents", () => {
  const documents = shippedDocuments();

  it("when the repository is searched, then there are some of every kind but orders and fire drills, each of which is used once", () => {
    const kinds = DOCUMENT_KINDS.filter((kind) => kind !== "Order" && kind !== "FireDrills");
    assert.deepEqual([...new Set(documents.map(({ kind }) => kind))].sort(), kinds.sort());
  });

  for (const { file, kind } of documents) {
    it(`when ${file} is opened in an editor, then its first line names its schema`, () => {
      const schema = relative(dirname(join(repository, file)), join(SCHEMAS_FOLDER, schemaFileOf(kind)));
      const [first] = readFileSync(join(repository, file), "utf8").split("\n");
      assert.equal(first, `# yaml-language-server: $schema=${schema}`);
    });
  }
});

type Schema = { readonly [keyword: string]: unknown };

/** Paths of the fields and the mappings that have no description. */
function undescribed(schema: unknown, path = ""): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [], $defs = {}, ...own } = schema as Schema;
  const isDescribed = "description" in own || "$ref" in own;
  const isWanted = "type" in own && own["type"] === "object";
  return [
    ...(isWanted && !isDescribed ? [path] : []),
    ...Object.entries(properties as Schema).flatMap(([name, field]) => [
      ...(typeof field === "object" && field !== null && ("description" in field || "$ref" in field)
        ? []
        : [`${path}.${name}`]),
      ...undescribed(field, `${path}.${name}`),
    ]),
    ...undescribed(additionalProperties, `${path}.*`),
    ...undescribed(items, `${path}[]`),
    ...[...(anyOf as unknown[]), ...(oneOf as unknown[])].flatMap((branch, at) => undescribed(branch, `${path}|${at}`)),
    ...Object.entries($defs as Schema).flatMap(([name, inner]) => undescribed(inner, name)),
  ];
}
