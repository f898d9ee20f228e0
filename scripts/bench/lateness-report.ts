// SPDX-License-Identifier: Apache-2.0
import { table } from "../support/markdown-table";
import { MANAGERS } from "./lateness/company";
import type { Seen } from "./lateness/probe";
import type { LatenessResults } from "./lateness-part";
import { percentile } from "./statistics";
import { targetsTable } from "./targets";

const WHAT: readonly { readonly what: string; readonly of: keyof Seen; readonly p99: number }[] = [
  { what: "a statement in an open session is refused", of: "refused", p99: 1_000 },
  { what: "a new login finds the access gone", of: "newLogin", p99: 1_000 },
  { what: "an open session is cut", of: "cut", p99: 2_000 },
];

/** How late access ended, as Markdown, seen from outside. */
export function latenessReport({ grants, spread, seen }: LatenessResults): string {
  const rows = WHAT.map(({ what, of }) => {
    const late = seen.map((one) => one[of]);
    return [what, ...[0.5, 0.99, 1].map((part) => percentile(late, part).toFixed(0))];
  });
  const targets = WHAT.map(({ what, of, p99 }) => {
    const measured = percentile(
      seen.map((one) => one[of]),
      0.99,
    );
    return { what: `p99: ${what}`, limit: `${p99} ms`, measured: `${measured.toFixed(0)} ms`, isMet: measured < p99 };
  });
  return [
    `${grants} grants of one server end over ${spread / 1_000} s, by ${MANAGERS} connections; ${seen.length} of them are looked at from outside.`,
    table(["milliseconds after the expiry", "p50", "p99", "max"], rows),
    `### Targets\n\n${targetsTable(targets)}`,
  ].join("\n\n");
}
