// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CONTROLS, type Control, controlsOf } from "@elevation/policypack/controls";
import { type Rule, titleOf } from "@elevation/policypack/define-rule";
import type { Example } from "@elevation/policypack/example";
import { rules } from "@elevation/policypack/rules";
import type { Settings } from "@elevation/policypack/settings";
import { type Judged, judgeExample } from "./judge-example";
import { table } from "./markdown-table";
import { repository } from "./workspace";

/** Where the pages lie. */
export const DOCS_FOLDER = join(repository, "docs", "rules");

const SOURCE =
  "Written by `npm run docs` from the rules themselves; every message is what the pack says of an example.";

/** The text of every page by its file's name, a page a rule and the index. The same rules give the same text. */
export async function renderPages(): Promise<ReadonlyMap<string, string>> {
  const pages = new Map([["README.md", renderIndex()]]);
  for (const rule of rules) {
    const judged: Judged[] = [];
    for (const example of rule.examples) judged.push(await judgeExample(rule, example));
    pages.set(`${rule.id}.md`, renderRule(rule, judged));
  }
  return pages;
}

/** Writes the pages, and removes those of rules that are gone. Gives their number. */
export async function writePages(): Promise<number> {
  const pages = await renderPages();
  mkdirSync(DOCS_FOLDER, { recursive: true });
  for (const name of readdirSync(DOCS_FOLDER)) if (!pages.has(name)) rmSync(join(DOCS_FOLDER, name));
  for (const [name, text] of pages) writeFileSync(join(DOCS_FOLDER, name), text);
  return pages.size;
}

function renderIndex(): string {
  const rows = rules.map((rule) => [
    `[${rule.id}](${rule.id}.md)`,
    rule.enforcement,
    rule.severity,
    rule.description,
    referencesOf(rule) || "—",
  ]);
  return `# Rules of the policy pack

${SOURCE}

A mandatory rule that speaks fails \`pulumi preview\`, an advisory one is shown. Where a rule reports violations, it
asks the one decision that the provider enforces as well.

${table(["rule", "level", "severity", "shown as", "serves"], rows)}

## Controls

A rule helps to meet a control, none meets one by itself. CrossGuard has room for one framework a policy: that is the first control of the rule's first
purpose. Tags name them all. Which purpose serves which control is said in [controls.ts](../../policypack/controls.ts) alone.

${table(["framework", "control", "title"], CONTROLS.map(cellsOf))}

## Examples

The examples are Grants of the request in [request.yaml](../../policypack/examples/request.yaml), with the change that each names, in stack \`production\`,
judged on Tuesday, 2026-11-24 at 10:00 UTC by [elevation.yaml](../../policypack/examples/elevation.yaml) and
[directory.yaml](../../policypack/examples/directory.yaml) beside it.
`;
}

function renderRule(rule: Rule, judged: readonly Judged[]): string {
  const facts = [
    ["rule", `\`${rule.id}\``],
    ["shown as", rule.description],
    ["level", rule.enforcement],
    ["severity", rule.severity],
    ["serves", rule.serves.join(", ") || "nothing but the work itself"],
  ];
  return `# ${titleOf(rule)}

${stopsOf(rule)}

${table(["", ""], facts)}

## What it reports

${[...idsOf(rule, judged), ...judged.map(renderExample)].join("\n\n")}

## How to mend it

${rule.remedy}

## Controls

${controlsText(rule)}

## Configuration

${configurationText(rule)}

${SOURCE} [Examples](README.md#examples) · [all rules](README.md) · [source](../../policypack/rules/${rule.id}.ts)
`;
}

function idsOf({ reports }: Rule, judged: readonly Judged[]): string[] {
  const shown = judged.flatMap(({ ids }) => ids);
  const list = (ids: readonly string[]) => ids.map((id) => `\`${id}\``).join(", ");
  const without = reports.filter((id) => !shown.includes(id));
  if (reports.length === 0) return ["No violation of the decision; what only a pack can see."];
  return [`Violations: ${list(reports)}.`, ...(without.length > 0 ? [`Without an example: ${list(without)}.`] : [])];
}

function renderExample({ example, ids, messages }: Judged): string {
  const title = ids.length > 0 ? `### ${[...new Set(ids)].map((id) => `\`${id}\``).join(", ")}\n\n` : "";
  const change = changesOf(example);
  return `${title}The example Grant ${example.what}${change === "" ? "" : ` (${change})`}:

\`\`\`text
${messages.join("\n")}
\`\`\``;
}

/** What the example changes, as far as it can be written in a line. */
function changesOf({ spec = {}, at, opts = {}, code, type, beside = {}, earlier = [] }: Example): string {
  const fields = fieldsOf(spec);
  const changes = [
    ...fields,
    ...Object.entries(opts).map(([key, value]) => `${key}: ${JSON.stringify(value)}`),
    ...(code === undefined ? [] : [`__provider: ${code}`]),
    ...(type === undefined ? [] : [type]),
  ];
  const others = Object.entries(beside).map(([name, other]) => `\`${name}\` with \`${fieldsOf(other).join(", ")}\``);
  const known = earlier.map(
    ({ name = "earlier", spec: other, from, until, endedAt }) =>
      `the journal has \`${name}\` with \`${fieldsOf(other).join(", ")}\`, ${endedAt === undefined ? "live" : "ended"}, from ${from} to ${endedAt ?? until}`,
  );
  const instants = at === undefined ? [] : [`at ${at}`];
  return [...changes.map((change) => `\`${change}\``), ...others, ...known, ...instants].join("; ");
}

function fieldsOf(spec: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(spec).map(([key, value]) => (value === null ? `no ${key}` : `${key}: ${String(value)}`));
}

function controlsText({ serves }: Rule): string {
  const controls = inOrder(serves);
  if (controls.length === 0) return "None: it keeps the work going, and decides nothing about access.";
  return table(
    ["framework", "control", "title", "tag"],
    controls.map((control) => [...cellsOf(control), `\`${control.tag}\``]),
  );
}

function configurationText({ enforcement, reports, settings }: Rule): string {
  const enforced = reports.length > 0 && enforcement === "mandatory";
  const level =
    "`--policy-pack-config` can change its level or disable it; [grants-all-judged](grants-all-judged.md) shows a disabled rule, unless it is disabled itself, but not a changed level.";
  return [
    ...(settings === undefined ? ["It has no settings."] : [settingsTable(settings)]),
    enforced ? `${level} The provider refuses the same, whatever the pack says.` : level,
  ].join(settings === undefined ? " " : "\n\n");
}

function settingsTable({ schema }: Settings): string {
  const rows = Object.entries(schema.properties).map(([key, { type, enum: values, default: preset, description }]) => [
    `\`${key}\``,
    (values ?? (type === "boolean" ? [true, false] : [])).map((value) => `\`${String(value)}\``).join(", "),
    `\`${String(preset)}\``,
    description ?? "",
  ]);
  return table(["setting", "values", "default", "what it does"], rows);
}

function referencesOf({ serves }: Rule): string {
  return inOrder(serves)
    .map(({ reference }) => reference)
    .join(", ");
}

function inOrder(serves: Rule["serves"]): readonly Control[] {
  return CONTROLS.filter((control) => controlsOf(serves).includes(control));
}

function cellsOf({ name, version, reference, specification }: Control): string[] {
  return [`${name} (${version})`, reference, specification];
}

/** The first paragraph of the documentation before the rule in its file. Throws where there is none. */
function stopsOf({ id }: Rule): string {
  const text = readFileSync(join(repository, "policypack", "rules", `${id}.ts`), "utf8");
  const name = id.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const [before = ""] = text.split(`export const ${name}`);
  const comment = before.slice(before.lastIndexOf("/**") + 3, before.lastIndexOf("*/"));
  const [first = ""] = comment
    .replace(/^ *\* ?/gm, "")
    .trim()
    .split("\n\n");
  if (first === "") throw new Error(`rule \`${id}\` has no documentation; say in its first line what it stops`);
  return first.replaceAll(/\s+/g, " ");
}
