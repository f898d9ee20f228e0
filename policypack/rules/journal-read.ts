// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { defineRule } from "../define-rule";
import { defineSettings } from "../settings";

const settings = defineSettings({
  acceptAbsent: z
    .boolean()
    .default(false)
    .describe("true: silent where the job names no journal, and says only that one which it names can't be trusted"),
});

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
  settings,
  also: ({ withoutJournal }, { getConfig }) =>
    withoutJournal === null || (withoutJournal.isAbsent && settings.read("journal-read", getConfig()).acceptAbsent)
      ? []
      : [
          `judged as a new request, without a trusted journal (${withoutJournal.reason}); nothing is granted until \`ELEVATION_JOURNAL\` and \`ELEVATION_JOURNAL_ID\` name a whole journal that verifies`,
        ],
});
