// SPDX-License-Identifier: Apache-2.0
import { GRANT_TYPE, quote } from "@elevation/domain";
import { z } from "zod";
import { GrantError } from "../errors";
import { SHELL_TEXT } from "../resource/shell-text";
import { type GrantState, readState } from "./state";

/** What `pulumi stack export` writes, as far as grants are concerned. */
export interface ExportedStack {
  readonly grants: readonly GrantState[];
  /** The same, with the resource that each is. */
  readonly held: readonly { readonly urn: string; readonly grant: GrantState }[];
  /** Why no credential may be given to a job that runs this state's code; whole sentences, empty if nothing is wrong. */
  readonly problems: readonly string[];
  /** Grants that can't be read, and so can't be ended by what the state says; whole sentences. They are problems, too. */
  readonly unreadable: readonly string[];
}

/** Code that this version shipped, and those before it whose states may still stand. */
const SHIPPED_SHELLS: readonly string[] = [SHELL_TEXT];

const STACK_TYPE = "pulumi:pulumi:Stack";
const PROVIDER_TYPE = "pulumi:providers:pulumi-nodejs";
/** All that a stack of grants holds. Any other type has a plugin of its own, which the engine would fetch and run. */
const TYPES: readonly string[] = [STACK_TYPE, PROVIDER_TYPE, GRANT_TYPE];

/** What a resource made by this version has; another one that is set can drop a Grant without ending it, or run something. */
const FIELDS: readonly string[] = [
  ...["urn", "custom", "id", "type", "inputs", "outputs", "parent", "provider", "dependencies", "propertyDependencies"],
  ...["created", "modified", "sourcePosition", "stackTrace", "initErrors", "delete"],
];

/** By these a provider resource is another plugin than the one that @pulumi/pulumi brings. */
const PLUGIN_FIELDS = ["pluginDownloadURL", "version", "parameterization", "__internal"] as const;

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean().optional(),
  provider: z.string().optional(),
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
 * Reads an exported stack. The state is code: refresh and destroy run the text in each `__provider` and the plugin of each
 * type with the job's credentials. So everything but what a stack of grants is made of is a problem (design §7): a text
 * that we didn't ship, another type, another plugin, a field that could drop a live grant without ending it. A grant that
 * can't be read is one, too.
 *
 * Throws GrantError `input-invalid` where the text is no exported stack.
 */
export function readExportedStack(file: string, text: string): ExportedStack {
  const { deployment } = parse(file, text);
  const resources = [
    ...(deployment.resources ?? []),
    ...(deployment.pending_operations ?? []).map(({ resource }) => resource),
  ];
  const held: { urn: string; grant: GrantState }[] = [];
  const problems: string[] = [];
  const unreadable: string[] = [];
  for (const resource of resources) {
    problems.push(...typeProblems(resource), ...shellProblems(resource), ...fieldProblems(resource));
    if (resource.type === GRANT_TYPE) problems.push(...providerProblems(resource, resources));
    if (resource.type !== GRANT_TYPE || resource.outputs?.["digest"] === undefined) continue;
    try {
      held.push({ urn: resource.urn, grant: readState(resource.outputs) });
    } catch (error) {
      unreadable.push(
        `${quote(nameOf(resource))}: ${oneLine((error as Error).message)}; restore this state from a backup`,
      );
    }
  }
  const grants = held.map(({ grant }) => grant);
  return { grants, held, problems: [...problems, ...unreadable], unreadable };
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

function typeProblems(resource: Resource): string[] {
  const { type, urn } = resource;
  const written = urn.split("::")[2]?.split("$").at(-1);
  if (TYPES.includes(type) && written === type) return [];
  return [
    `${quote(nameOf(resource))} is of type ${quote(type)}${written === type ? "" : `, its URN says ${quote(written ?? "")}`}, and a stack of grants holds nothing but Grants: the engine would run that type's plugin with all that the job holds; move it to a stack of its own`,
  ];
}

function fieldProblems(resource: Resource): string[] {
  const fields = Object.entries(resource).flatMap(([field, value]) =>
    FIELDS.includes(field) || isEmpty(value) ? [] : [field],
  );
  const plugin =
    resource.type !== PROVIDER_TYPE
      ? []
      : PLUGIN_FIELDS.filter((field) => field in (resource.inputs ?? {}) || field in (resource.outputs ?? {}));
  const found = [...fields, ...plugin];
  if (resource.type === GRANT_TYPE && resource.custom !== true) found.push("custom: false");
  return found.map(
    (field) =>
      `${quote(nameOf(resource))} is held with ${quote(field)}, which no Grant is made with: it can drop access without ending it, or run other code; find out who wrote to the state, and restore it from a backup`,
  );
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === false || value === "";
}

/** A Grant is the business of the plugin that @pulumi/pulumi brings, and of no other. */
function providerProblems(grant: Resource, all: readonly Resource[]): string[] {
  const isKnown = all.some(
    ({ type, urn }) => type === PROVIDER_TYPE && grant.provider?.startsWith(`${urn}::`) === true,
  );
  if (isKnown || grant.provider === undefined) return [];
  return [
    `${quote(nameOf(grant))} names ${quote(grant.provider)} as its provider, which this state does not hold; restore it from a backup`,
  ];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

function nameOf({ urn }: Resource): string {
  return urn.split("::").at(-1) ?? urn;
}
