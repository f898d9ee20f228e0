// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { LINT_CHECKS, type LintCheck, type LintFinding, type Problem, type Severity } from "@elevation/domain";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/** What a reader of the log may take for the root of the repository (SARIF 2.1.0, 3.14.14). */
const ROOT = "%SRCROOT%";

/** What keeps a document from being looked at by any check. */
const DOCUMENT: Rule = {
  id: "document",
  finds: "What keeps a policy or a directory from being read.",
  risk: "Nothing is granted by a document that is bad in form, and no check looks at it.",
  severity: { error: "always" },
};

type Rule = Omit<LintCheck, "check">;
type Finding = Omit<LintFinding, "path">;

/** Findings as a SARIF 2.1.0 log of one run, with every check, also those that found nothing. Files are relative to `cwd`. */
export function sarifOf(findings: readonly LintFinding[], version: string, cwd: string): object {
  return logOf(LINT_CHECKS, findings, version, cwd);
}

/** The same of what is wrong with the form of documents. */
export function sarifOfProblems(problems: readonly Problem[], version: string, cwd: string): object {
  const findings = problems.map((problem) => ({ ...problem, check: DOCUMENT.id, severity: "error" as const }));
  return logOf([...LINT_CHECKS, DOCUMENT], findings, version, cwd);
}

function logOf(checks: readonly Rule[], findings: readonly Finding[], version: string, cwd: string): object {
  return {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "elevate lint", semanticVersion: version, rules: checks.map(ruleOf) } },
        columnKind: "utf16CodeUnits",
        results: findings.map((finding) => resultOf(checks, finding, cwd)),
      },
    ],
  };
}

function ruleOf({ id, finds, risk, severity }: Rule): object {
  return {
    id,
    shortDescription: { text: finds },
    fullDescription: { text: risk },
    help: { text: `${risk} See docs/lint.md.` },
    defaultConfiguration: { level: worstOf(severity) },
  };
}

function worstOf(severity: Rule["severity"]): Severity {
  return (["error", "warning"] as const).find((level) => severity[level] !== undefined) ?? "note";
}

function resultOf(
  checks: readonly Rule[],
  { check, severity, file, line, column, message }: Finding,
  cwd: string,
): object {
  // Line 0: it is about the whole file.
  const place = line === 0 ? {} : { region: { startLine: line, startColumn: column } };
  return {
    ruleId: check,
    ruleIndex: checks.findIndex(({ id }) => id === check),
    level: severity,
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: artifactOf(file, cwd), ...place } }],
  };
}

/** A file of the project is told from its root, so that it is found in any checkout; another one by its whole path. */
function artifactOf(file: string, cwd: string): object {
  const path = resolve(cwd, file);
  const inside = relative(rootOf(cwd), path);
  if (isAbsolute(inside) || inside.split(sep)[0] === "..") return { uri: pathToFileURL(path).href };
  return { uri: inside.split(sep).map(encodeURIComponent).join("/"), uriBaseId: ROOT };
}

function rootOf(cwd: string): string {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
    if (dirname(folder) === folder) return resolve(cwd);
  }
}
