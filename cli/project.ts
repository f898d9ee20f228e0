// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { quote } from "@elevation/domain";
import { parse } from "yaml";
import { CommandError, EXIT } from "./exit";

/** A Pulumi project, as far as requests are concerned. */
export interface Project {
  readonly name: string;
  /** Where its request files may stand: `requests` beside its program, `stacks/requests` in the shipped layout. */
  readonly requests: readonly string[];
}

/** The Pulumi project at or above a folder. Throws CommandError (bad input) where there is none. */
export function projectAt(path: string): Project {
  for (let folder = path; ; folder = dirname(folder)) {
    const file = join(folder, "Pulumi.yaml");
    if (existsSync(file)) return readProject(folder, file);
    if (dirname(folder) === folder) {
      throw new CommandError(
        EXIT.badInput,
        `no Pulumi.yaml at or above ${quote(path)}, so it can't be known whose requests these are; name the requests folder of a project`,
      );
    }
  }
}

function readProject(folder: string, file: string): Project {
  let project: { readonly name?: unknown; readonly main?: unknown } | null;
  try {
    project = parse(readFileSync(file, "utf8")) as typeof project;
  } catch (error) {
    throw new CommandError(
      EXIT.badInput,
      `${quote(file)} is no YAML: ${(error as Error).message.split("\n")[0]}; mend it`,
    );
  }
  const { name, main } = project ?? {};
  if (typeof name !== "string" || name === "")
    throw new CommandError(EXIT.badInput, `${quote(file)} has no \`name\`; give the project one`);
  const beside = join(folder, typeof main === "string" ? main : ".", "requests");
  return { name, requests: [...new Set([join(folder, "stacks", "requests"), beside])] };
}
