// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { quote } from "@elevation/domain";
import { parse } from "yaml";
import { CommandError, EXIT } from "./exit";

/** The name of the Pulumi project at or above a folder. Throws CommandError (bad input) where there is none. */
export function projectAt(path: string): string {
  for (let folder = path; ; folder = dirname(folder)) {
    const file = join(folder, "Pulumi.yaml");
    if (existsSync(file)) return nameIn(file);
    if (dirname(folder) === folder) {
      throw new CommandError(
        EXIT.badInput,
        `no Pulumi.yaml at or above ${quote(path)}, so it can't be known whose requests these are; name the requests folder of a project`,
      );
    }
  }
}

function nameIn(file: string): string {
  let name: unknown;
  try {
    name = (parse(readFileSync(file, "utf8")) as { name?: unknown } | null)?.name;
  } catch (error) {
    throw new CommandError(
      EXIT.badInput,
      `${quote(file)} is no YAML: ${(error as Error).message.split("\n")[0]}; mend it`,
    );
  }
  if (typeof name === "string" && name !== "") return name;
  throw new CommandError(EXIT.badInput, `${quote(file)} has no \`name\`; give the project one`);
}
