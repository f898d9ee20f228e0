// SPDX-License-Identifier: Apache-2.0
import { silenceSentence, silences } from "@elevation/journal";
import type { Rule } from "../define-rule";
import type { Ground } from "../verdict";

/**
 * Stops grants from going on because nobody noticed that the process is dead which ends them: where grants are live, and no reaper
 * and no schedule was heard of for two of its intervals, each run says so.
 */
export const endsWatched: Rule = {
  id: "ends-watched",
  description: "Somebody is there to end grants",
  enforcement: "advisory",
  severity: "high",
  serves: ["removal"],
  remedy: "Start `elevate reap`, or see why the schedule runs no more.",
  reports: [],
  examples: [
    {
      what: "while somebody's grant is live and nobody ever said that grants are being ended",
      earlier: [
        {
          name: "bruno-orders",
          ...{ spec: { requester: "bruno@example.com" } },
          ...{ from: "2026-11-24T09:45:00Z", until: "2026-11-24T10:15:00Z" },
        },
      ],
    },
  ],
  checks: ({ verdicts }) => ({
    validateStack: async (_args, report) => {
      for (const sentence of await silenceIn(await verdicts.ground())) report(sentence);
    },
  }),
};

/** Of grants that are live nobody can say without a journal; another rule says that there is none. */
async function silenceIn({ view, now, hear }: Ground): Promise<readonly string[]> {
  if (view === null || view.live.length === 0) return [];
  const heard = await hear();
  if (typeof heard === "string") return [`SILENT: it is not known whether anybody ends grants: ${heard}`];
  return silences(heard, view.live, now).map((silence) => `SILENT: ${silenceSentence(silence)}`);
}
