// SPDX-License-Identifier: Apache-2.0
import type { Path } from "../document";
import type { Subject } from "./subject";

/** Errors and warnings fail `elevate lint`, notes don't. */
export type Severity = "error" | "warning" | "note";

/** Something a check saw. */
export interface Remark {
  readonly severity: Severity;
  readonly document: "policy" | "directory";
  /** What it is about, from the root of the document. */
  readonly path: Path;
  /** One line: what was seen, then `; ` and how to mend it. */
  readonly message: string;
}

/** One thing that can be wrong with documents that are good in form. Pure: the same subject gives the same remarks. */
export interface LintCheck {
  /** Id and file name. */
  readonly id: string;
  /** One sentence: what it finds. */
  readonly finds: string;
  /** One sentence or two: why that is worth mending. */
  readonly risk: string;
  /** When it is what; a severity that is absent is never used. */
  readonly severity: Readonly<Partial<Record<Severity, string>>>;
  readonly check: (subject: Subject) => readonly Remark[];
}
