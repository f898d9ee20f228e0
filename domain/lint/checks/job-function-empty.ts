// SPDX-License-Identifier: Apache-2.0
import { quote } from "../../text";
import type { LintCheck } from "../lint-check";

/** Stops a group from being relied on that has no people. */
export const jobFunctionEmpty: LintCheck = {
  id: "job-function-empty",
  finds: "A job function that nobody has, also not through `includes`.",
  risk: "Rules that name it match fewer people than they seem to.",
  severity: { note: "always" },
  check: ({ directory, people }) => {
    const had = new Set([...people.people.values()].flatMap(({ jobFunctions }) => [...jobFunctions]));
    return Object.keys(directory.jobFunctions ?? {})
      .filter((name) => !had.has(name))
      .map((name) => ({
        severity: "note",
        document: "directory",
        path: ["jobFunctions", name],
        message: `nobody has the job function ${quote(name)}; give it to somebody, or take it out`,
      }));
  },
};
