// SPDX-License-Identifier: Apache-2.0
import { GRANT_TYPE, quote } from "@elevation/domain";
import { z } from "zod";
import { GrantError } from "../errors";
import { SHELL_TEXT } from "../resource/shell-text";
import { type GrantState, readState } from "./state";

/** What `pulumi stack export` writes, as far as grants are concerned. */
export interface ExportedStack {
  readonly grants: readonly GrantState[];
  /** Why no credential may be given to a job that runs this state's code; whole sentences, empty if nothing is wrong. */
  readonly problems: readonly string[];
  /** Grants that can't be read, and so can't be ended by what the state says; whole sentences. They are problems, too. */
  readonly unreadable: readonly string[];
}

/** Code that this version shipped, and those before it whose states may still stand. */
const SHIPPED_SHELLS: readonly string[] = [SHELL_TEXT];

/** Options that keep a resource's access open when the resource goes; no Grant is made with one (design §6 "Names and options"). */
const HARMFUL_OPTIONS = ["retainOnDelete", "deletedWith", "protect"] as const;

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  inputs: z.looseObject({}).optional(),
  outputs: z.looseObject({}).optional(),
});

const exportSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(resourceSchema).optional(),
    pending_operations: z.array(z.looseObject({ resource: resourceSchema })).optional(),
  }),
});

/**
 * Reads an exported stack. The state is code: refresh and destroy run the text in each `__provider` with the job's
 * credentials, so a text that we didn't ship is a problem, wherever it stands (design §7); so is an option that would
 * drop a live grant without ending it. A grant that can't be read is one, too.
 *
 * Throws GrantError `input-invalid` where the text is no exported stack.
 */
export function readExportedStack(file: string, text: string): ExportedStack {
  const { deployment } = parse(file, text);
  const resources = [
    ...(deployment.resources ?? []),
    ...(deployment.pending_operations ?? []).map(({ resource }) => resource),
  ];
  const grants: GrantState[] = [];
  const problems: string[] = [];
  const unreadable: string[] = [];
  for (const resource of resources) {
    problems.push(...shellProblems(resource), ...optionProblems(resource));
    if (resource.type !== GRANT_TYPE || resource.outputs?.["digest"] === undefined) continue;
    try {
      grants.push(readState(resource.outputs));
    } catch (error) {
      unreadable.push(
        `${quote(nameOf(resource))}: ${oneLine((error as Error).message)}; restore this state from a backup`,
      );
    }
  }
  return { grants, problems: [...problems, ...unreadable], unreadable };
}

type Resource = z.infer<typeof resourceSchema>;

function parse(file: string, text: string): z.infer<typeof exportSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notExported(file, (error as Error).message);
  }
  const parsed = exportSchema.safeParse(value);
  if (!parsed.success) throw notExported(file, z.prettifyError(parsed.error));
  return parsed.data;
}

function notExported(file: string, why: string): GrantError {
  return new GrantError(
    "input-invalid",
    `${quote(file)} is no exported stack (${oneLine(why)}); write it with \`pulumi stack export\``,
  );
}

function shellProblems(resource: Resource): string[] {
  const texts = [resource.inputs?.["__provider"], resource.outputs?.["__provider"]].filter(
    (shell) => shell !== undefined,
  );
  if (texts.every((shell) => typeof shell === "string" && SHIPPED_SHELLS.includes(shell))) return [];
  return [
    `${quote(nameOf(resource))} holds provider code that this version did not ship, and a refresh would run it; find out who wrote to the state, and restore it from a backup`,
  ];
}

function optionProblems(resource: Resource): string[] {
  if (resource.type !== GRANT_TYPE) return [];
  return HARMFUL_OPTIONS.filter((option) => Boolean(resource[option])).map(
    (option) =>
      `${quote(nameOf(resource))} is held with \`${option}\`, which would drop it without ending its access; find out who set it, and take it out of the state`,
  );
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

function nameOf({ urn }: Resource): string {
  return urn.split("::").at(-1) ?? urn;
}
