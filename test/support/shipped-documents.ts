// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DOCUMENT_KINDS, type DocumentKind } from "@elevation/domain";
import { repository } from "@elevation/scripts/support/workspace";
import { parse } from "yaml";

export interface ShippedDocument {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly kind: DocumentKind;
}

/** The YAML documents of ours that the repository holds, in order of their paths. */
export function shippedDocuments(folder = ""): readonly ShippedDocument[] {
  const entries = readdirSync(join(repository, folder), { withFileTypes: true });
  const shown = entries.filter(({ name }) => !name.startsWith(".") && name !== "node_modules" && name !== "dist");
  return shown
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const file = join(folder, entry.name);
      if (entry.isDirectory()) return shippedDocuments(file);
      return /\.ya?ml$/.test(entry.name) ? documentIn(file) : [];
    });
}

function documentIn(file: string): ShippedDocument[] {
  const document = parse(readFileSync(join(repository, file), "utf8")) as { readonly kind?: unknown } | null;
  const kind = DOCUMENT_KINDS.find((known) => document?.kind === known);
  return kind === undefined ? [] : [{ file, kind }];
}
