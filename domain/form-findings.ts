// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { type Path, renderPath } from "./document";
import type { Finding } from "./parsed";
import { isMapping } from "./spot";
import { didYouMean, quote, quoteList } from "./text";

type Issue = z.core.$ZodIssue;

/** Every fault of form that the schema finds in a value; empty where it has none. */
export function formFindings(schema: z.ZodType, value: unknown): Finding[] {
  const result = schema.safeParse(value, { error: unknownFieldFixes });
  return result.success ? [] : result.error.issues.flatMap((issue) => findingsOf(issue, [], value));
}

// The schema is only known here: one fix for each unknown key, a line each, for findingsOf() to take apart again.
const unknownFieldFixes: z.core.$ZodErrorMap = (issue) => {
  if (issue.code !== "unrecognized_keys" || !(issue.inst instanceof z.core.$ZodObject)) return undefined;
  const known = Object.keys(issue.inst._zod.def.shape);
  return issue.keys.map((key) => didYouMean(key, known)).join("\n");
};

function findingsOf(issue: Issue, base: Path, root: unknown): Finding[] {
  const path: Path = [...base, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))];
  const value = valueAt(root, path);
  if (issue.code === "unrecognized_keys") return unknownFields(issue.keys, issue.message.split("\n"), path);
  if (issue.code === "invalid_key") return [invalidKey(path, issue.issues[0]?.message ?? "not good")];
  if (value === undefined && path.length > 0) return [missing(path)];
  if (issue.code === "invalid_union") {
    const branch = closestBranch(issue.errors);
    if (branch !== null) return branch.flatMap((inner) => findingsOf(inner, path, root));
  }
  return [{ path, at: "value", message: `${placeOf(path)} is ${shown(value)}, ${faultOf(issue, value)}` }];
}

function unknownFields(keys: readonly string[], fixes: readonly string[], path: Path): Finding[] {
  return keys.map((key, index) => {
    const below = [...path, key];
    return {
      path: below,
      at: "key",
      message: `unknown field ${quote(renderPath(below))}; ${fixes[index] ?? "take it out"}`,
    };
  });
}

function invalidKey(path: Path, fault: string): Finding {
  const around = path.slice(0, -1);
  return { path, at: "key", message: `the key ${quote(String(path.at(-1)))} in ${placeOf(around)} is ${fault}` };
}

function missing(path: Path): Finding {
  const around = path.slice(0, -1);
  return { path, at: "parent", message: `${placeOf(around)} lacks the field ${quote(String(path.at(-1)))}; add it` };
}

/**
 * The branch of a union that was most likely meant: the one with the fewest fields missing or unknown in the value itself, then
 * the fewest faults. Null where the value is of another type than any branch.
 */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  let best: readonly Issue[] | null = null;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const branch of branches) {
    const score = branch.reduce((sum, issue) => sum + weight(issue), 0);
    if (score < bestScore) {
      best = branch;
      bestScore = score;
    }
  }
  return best;
}

function weight(issue: Issue): number {
  if (issue.code === "unrecognized_keys") return issue.path.length === 0 ? 100 * issue.keys.length : 1;
  if (issue.path.length === 0)
    return issue.code === "custom" || issue.code === "too_small" ? 1 : Number.POSITIVE_INFINITY;
  return issue.path.length === 1 && issue.code === "invalid_type" ? 50 : 1;
}

function faultOf(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      return wrongType(issue.expected, value);
    case "invalid_value":
      return `not ${quoteList(issue.values.map(String))}; write ${issue.values.length === 1 ? "that" : "one of them"}`;
    case "invalid_union":
      if (issue.errors.length > 0) return issue.message;
      return "not `allow` or `deny`; write one of them";
    case "too_small":
      if (Array.isArray(value) && value.length === 0) return `which matches nothing; list at least ${issue.minimum}`;
      if (issue.origin !== "array") return `below ${issue.minimum}; write ${issue.minimum} or more`;
      return `shorter than ${issue.minimum}; list at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "string" ? issue.message : `above ${issue.maximum}; write ${issue.maximum} or less`;
    default:
      return issue.message;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: "a text",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  int: "a whole number",
  number: "a number",
  boolean: "`true` or `false`",
};

function wrongType(expected: string, value: unknown): string {
  const wanted = `not ${TYPES[expected] ?? expected}`;
  if (expected === "boolean") return `${wanted}; write one of them`;
  if (expected === "string" && (typeof value === "number" || typeof value === "boolean"))
    return `${wanted}; put it in quotes`;
  if (isNumeric(expected) && typeof value === "string") return `${wanted}; write one without quotes`;
  return `${wanted}; write one`;
}

function isNumeric(expected: string): boolean {
  return expected === "number" || expected === "int";
}

/** `spec.role` in backticks, or `the document`. */
export function placeOf(path: Path): string {
  return path.length === 0 ? "the document" : quote(renderPath(path));
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (value === "") return "an empty text";
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  return isMapping(value) ? "a mapping" : quote(String(value));
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[part];
  }
  return value;
}
