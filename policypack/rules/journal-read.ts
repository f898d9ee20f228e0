// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Says that a verdict was reached without a journal that can be trusted: what was granted before is not known, and `up` will grant nothing. */
export const journalRead = defineRule({
  id: "journal-read",
  description: "Verdicts rest on a trusted journal",
  enforcement: "advisory",
  severity: "medium",
  serves: ["accountability"],
  remedy:
    "Name a whole journal in `ELEVATION_JOURNAL` and `ELEVATION_JOURNAL_ID`; in a pull request's preview, a published copy.",
  reports: [],
  examples: [{ what: "where the job names no journal", journal: "absent" }],
  also: ({ withoutJournal }) =>
    withoutJournal === null
      ? []
      : [
          `judged as a new request, without a trusted journal (${withoutJournal}); nothing is granted until \`ELEVATION_JOURNAL\` and \`ELEVATION_JOURNAL_ID\` name a whole journal that verifies`,
        ],
});
