// SPDX-License-Identifier: Apache-2.0
import type { z } from "zod";
import { requestDigestOf } from "./case";
import { type Digest, digestOf } from "./digest";
import { type Directory, directorySchema } from "./directory";
import { directoryFindings } from "./directory-findings";
import { type Document, DocumentError, type Path, type Problem, renderPath, type Source } from "./document";
import { fireDrillFindings } from "./fire-drill-findings";
import { type FireDrills, fireDrillsSchema } from "./fire-drills";
import { formFindings } from "./form-findings";
import { judgeFindings } from "./judge-findings";
import { type Order, orderSchema } from "./order";
import { orderFindings } from "./order-findings";
import { parseText, textFault, withoutMark } from "./parse-text";
import { type Fault, type Finding, Lines } from "./parsed";
import { jsonFindings } from "./plain-value";
import { type Policy, policySchema } from "./policy";
import { policyFindings } from "./policy-findings";
import { type PolicyTest, policyTestSchema } from "./policy-test";
import { policyTestFindings } from "./policy-test-findings";
import { type Request, requestSchema } from "./request";
import { requestFindings } from "./request-findings";
import { field, type Spot } from "./spot";
import { quote } from "./text";
import { unenforcedInPolicy } from "./unenforced";

/** Policy and directory that belong together. */
export interface Judge {
  readonly policy: Document<Policy>;
  readonly directory: Document<Directory>;
}

interface Kind<T> {
  readonly name: string;
  /** A longer text is refused unread. */
  readonly maxBytes: number;
  readonly schema: z.ZodType<T>;
  readonly findings: (root: Spot) => Finding[];
  readonly digest: (value: T) => Digest;
}

/** Thousands of rules; bounds what a reader must hold. */
const MAX_POLICY_BYTES = 4_194_304;
/** A hundred thousand people. Both are the security team's files: what hostile YAML costs is nothing that they would do to themselves. */
const MAX_DIRECTORY_BYTES = 16_777_216;
/** NB. Requests come from everybody, and hostile YAML costs its reader up to 15 s of CPU for 1 MiB: a request is a page of text. */
const MAX_REQUEST_BYTES = 65_536;
/** Tests are made by programs too: 16 MiB are some 40 000 cases. */
const MAX_TEST_BYTES = 16_777_216;

/**
 * What a policy is read for. To `grant` by it, or to say what would be granted, all that it demands must be verified; to `study` it (its
 * tests, its meaning) it need not be, because nothing is opened.
 */
export type Purpose = "grant" | "study";

const policyKind = (purpose: Purpose): Kind<Policy> => ({
  name: "Policy",
  maxBytes: MAX_POLICY_BYTES,
  schema: policySchema,
  findings: (root) => [...policyFindings(root), ...(purpose === "grant" ? unenforcedInPolicy(root) : [])],
  digest: digestOf,
});
const DIRECTORY: Kind<Directory> = {
  name: "Directory",
  maxBytes: MAX_DIRECTORY_BYTES,
  schema: directorySchema,
  findings: directoryFindings,
  digest: digestOf,
};
const REQUEST: Kind<Request> = {
  name: "Request",
  maxBytes: MAX_REQUEST_BYTES,
  schema: requestSchema,
  findings: requestFindings,
  digest: requestDigestOf,
};
const ORDER: Kind<Order> = {
  name: "Order",
  maxBytes: MAX_REQUEST_BYTES,
  schema: orderSchema,
  findings: orderFindings,
  digest: ({ payload }) => digestOf(payload),
};
const FIRE_DRILLS: Kind<FireDrills> = {
  name: "FireDrills",
  maxBytes: MAX_REQUEST_BYTES,
  schema: fireDrillsSchema,
  findings: fireDrillFindings,
  digest: digestOf,
};
const POLICY_TEST: Kind<PolicyTest> = {
  name: "PolicyTest",
  maxBytes: MAX_TEST_BYTES,
  schema: policyTestSchema,
  findings: policyTestFindings,
  digest: digestOf,
};

/**
 * Reads a policy (design §4.1). Throws a {@link DocumentError} with all problems of the file: of its form, of the names it must
 * resolve itself, and, to grant by it, with everything that this version does not verify.
 */
export function readPolicy(source: Source, purpose: Purpose = "grant"): Document<Policy> {
  return finish(examine(policyKind(purpose), source));
}

/** Reads a directory (design §4.2). Throws a {@link DocumentError} with all problems of the file. */
export function readDirectory(source: Source): Document<Directory> {
  return finish(examine(DIRECTORY, source));
}

/** Reads a request (design §4.3). Throws a {@link DocumentError} with all problems of the file. */
export function readRequest(source: Source): Document<Request> {
  return finish(examine(REQUEST, source));
}

/** Reads an order (design §4.4); its digest is that of the payload. Whoever signed it is not looked at. Throws a {@link DocumentError} with all problems of the file. */
export function readOrder(source: Source): Document<Order> {
  return finish(examine(ORDER, source));
}

/** Reads a file of fire drills. Throws a {@link DocumentError} with all problems of the file; no variable that it names is looked at. */
export function readFireDrills(source: Source): Document<FireDrills> {
  return finish(examine(FIRE_DRILLS, source));
}

/** Reads a policy test (design §4.5). Throws a {@link DocumentError} with all problems of the file; the files it names are not read. */
export function readPolicyTest(source: Source): Document<PolicyTest> {
  return finish(examine(POLICY_TEST, source));
}

/**
 * {@link readPolicyTest}, where it isn't known what a file holds: null for a text that is not of that kind. One that can't be parsed is
 * somebody else's, unless it says that it is one. INVARIANT (one answer): whoever wants to know which files are policy tests asks here,
 * because a kind can be written in other letters than its own ("Policy\u0054est").
 */
export function findPolicyTest(source: Source): Document<PolicyTest> | null {
  const saysSo = source.text.includes(POLICY_TEST.name);
  // NB. A folder may hold large files, and others that no reader of ours takes.
  if (!saysSo && !CASES.test(source.text)) return null;
  const examined = examine(POLICY_TEST, source);
  const isNone = examined.root === null ? !saysSo : isOther(examined.root);
  return isNone ? null : finish(examined);
}

const CASES = /^\s*"?cases"?\s*:/m;

/** What names a policy and has cases is meant as a policy test: one that misspells its kind must not pass because nobody runs it. */
function isOther(root: Spot): boolean {
  if (field(root, "kind").value === POLICY_TEST.name) return false;
  return field(root, "policy").value === undefined || field(root, "cases").value === undefined;
}

/** The request that a plain JSON value is. Throws a {@link DocumentError} whose problems have no line and column. */
export function parseRequest(value: unknown, name: string): Request {
  const findings = findingsOf(REQUEST, value);
  if (findings.length > 0) {
    throw new DocumentError(
      findings.map(({ path, message }) => ({ file: name, line: 0, column: 0, path: renderPath(path), message })),
    );
  }
  return REQUEST.schema.parse(value);
}

/**
 * Reads a policy and the directory it is used with, and looks up the names that must exist in it (design §4). Throws a
 * {@link DocumentError} with all problems of both files, those of the policy first.
 */
export function readJudge(policySource: Source, directorySource: Source, purpose: Purpose = "grant"): Judge {
  const policy = examine(policyKind(purpose), policySource);
  const directory = examine(DIRECTORY, directorySource);
  let unresolved: Problem[] = [];
  if (policy.root !== null && directory.root !== null) {
    unresolved = judgeFindings(policy.root, directory.root).map(policy.place);
  }
  const problems = [...inOrder([...policy.problems, ...unresolved]), ...inOrder(directory.problems)];
  if (problems.length > 0) throw new DocumentError(problems);
  return { policy: finish(policy), directory: finish(directory) };
}

interface Examined<T> {
  readonly kind: Kind<T>;
  readonly file: string;
  /** Null where the text could not be parsed. */
  readonly root: Spot | null;
  readonly problems: readonly Problem[];
  readonly place: (finding: Finding) => Problem;
  readonly locate: Document<T>["locate"];
}

function examine<T>(kind: Kind<T>, source: Source): Examined<T> {
  const lines = new Lines(withoutMark(source.text));
  const fault = textFault(source.text, kind.maxBytes);
  const parsed = fault === null ? parseText(source) : null;
  const placed = (offset: number, { path, message }: Finding | Fault): Problem => ({
    file: source.file,
    ...lines.position(offset),
    path: renderPath(path),
    message,
  });
  const place = (finding: Finding) => placed(parsed?.places.offset(finding.path, finding.at) ?? 0, finding);
  const faults = parsed?.faults ?? (fault === null ? [] : [fault]);
  let problems = faults.map((found) => placed(found.offset, found));
  const root = parsed === null || parsed.value === undefined ? null : { value: parsed.value, path: [] };
  if (root !== null) problems = [...problems, ...visible(findingsOf(kind, root.value), faults).map(place)];
  const locate: Document<T>["locate"] = (path) => lines.position(parsed?.places.offset(path, "value") ?? 0);
  return { kind, file: source.file, root, problems, place, locate };
}

/** Without what is said about values that a fault of the text took away. */
function visible(findings: readonly Finding[], faults: readonly Fault[]): Finding[] {
  const hidden = new Set(faults.filter(({ isHiding }) => isHiding === true).map(({ path }) => JSON.stringify(path)));
  if (hidden.size === 0) return [...findings];
  const isHidden = (path: Path) => path.some((_, index) => hidden.has(JSON.stringify(path.slice(0, index + 1))));
  return findings.filter(({ path }) => !isHidden(path));
}

function findingsOf<T>(kind: Kind<T>, value: unknown): Finding[] {
  const other = otherKind(kind, value);
  if (other !== null) return [other];
  return [...jsonFindings(value), ...formFindings(kind.schema, value), ...kind.findings({ value, path: [] })];
}

const KINDS = ["Policy", "Directory", "Request", "Approval", "Order", "Bundle", "PolicyTest", "FireDrills"];

// A good document of another kind would be nothing but unknown fields here: one problem says it better.
function otherKind<T>(kind: Kind<T>, value: unknown): Finding | null {
  const found = field({ value, path: [] }, "kind");
  if (typeof found.value !== "string" || found.value === kind.name || !KINDS.includes(found.value)) return null;
  const message = `the document is of kind ${quote(found.value)}, and a ${kind.name} is wanted here; give the file of one`;
  return { path: found.path, at: "value", message };
}

function finish<T>({ kind, file, root, problems, locate }: Examined<T>): Document<T> {
  if (problems.length > 0 || root === null) throw new DocumentError(inOrder(problems));
  const value = kind.schema.parse(root.value);
  return { file, value, digest: kind.digest(value), locate };
}

// A file of 1 MiB can hold more problems than anybody reads or a log should keep.
const MAX_PROBLEMS = 1000;

function inOrder(problems: readonly Problem[]): Problem[] {
  const sorted = [...problems].sort(
    (a, b) => a.line - b.line || a.column - b.column || (a.message < b.message ? -1 : a.message > b.message ? 1 : 0),
  );
  const [next] = sorted.slice(MAX_PROBLEMS);
  if (next === undefined) return sorted;
  const message = `${sorted.length - MAX_PROBLEMS} more problems from here on; mend these first`;
  return [...sorted.slice(0, MAX_PROBLEMS), { ...next, path: "", message }];
}

/** Where policy and directory stand in a project unless told otherwise: the files that the policy pack carries (design §3). */
export const DEFAULT_DOCUMENTS = {
  policy: "policypack/elevation.yaml",
  directory: "policypack/directory.yaml",
} as const;
