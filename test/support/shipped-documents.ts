// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
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
export function shippedDocuments(): readonly ShippedDocument[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.yaml", "*.yml"], {
    cwd: repository,
    encoding: "utf8",
  });
  return listed
    .split("\n")
    .filter((file) => file !== "")
    .flatMap((file) => {
      const document: unknown = parse(readFileSync(join(repository, file), "utf8"));
      const kind = DOCUMENT_KINDS.find((known) => (document as { kind?: unknown } | null)?.kind === known);
      return kind === undefined ? [] : [{ file, kind }];
    });
}
