// SPDX-License-Identifier: Apache-2.0

/** Of the classes that a statement may end in (PostgreSQL, appendix A). */
const CLASSES: Readonly<Record<string, string>> = {
  "08": "connection exception",
  "0A": "feature not supported",
  "21": "cardinality violation",
  "22": "data exception",
  "23": "integrity constraint violation",
  "25": "invalid transaction state",
  "26": "invalid SQL statement name",
  "28": "invalid authorization specification",
  "2D": "invalid transaction termination",
  "34": "invalid cursor name",
  "38": "external routine exception",
  "39": "external routine invocation exception",
  "3D": "invalid catalog name",
  "3F": "invalid schema name",
  "40": "transaction rollback",
  "42": "syntax error or access rule violation",
  "44": "WITH CHECK OPTION violation",
  "53": "insufficient resources",
  "54": "program limit exceeded",
  "55": "object not in prerequisite state",
  "57": "operator intervention",
  "58": "system error",
  HV: "foreign data wrapper error",
  P0: "PL/pgSQL error",
  XX: "internal error",
};

/** An SQLSTATE with the name of its class: all that can be told of a server's fault without anything of what it says. */
export function classOf(state: string): string {
  return `SQLSTATE ${state} (${CLASSES[state.slice(0, 2)] ?? "of another class"})`;
}
