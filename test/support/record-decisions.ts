// SPDX-License-Identifier: Apache-2.0
import { appendFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type * as journal from "@elevation/journal";

/** Names the file to which a process that preloads this module appends its decisions, as JSON lines. */
export const RECORD_TO = "RECORD_DECISIONS_TO";

// Preloaded (`node --require`) it lets a plugin of the engine decide as ever, and writes down each decision on a request
// alone: the pack shows nothing of one but its violations, and neither it nor the provider says when each was made.
const file = process.env[RECORD_TO];
if (file !== undefined) {
  const judging = require(join(dirname(require.resolve("@elevation/journal")), "judge.js")) as {
    judge: typeof journal.judge;
  };
  const { judge } = judging;
  judging.judge = (documents, request, where) => {
    const decision = judge(documents, request, where);
    if (where.also === undefined) appendFileSync(file, `${JSON.stringify(decision)}\n`);
    return decision;
  };
}
