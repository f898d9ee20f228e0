// SPDX-License-Identifier: Apache-2.0
import {
  type Document,
  type FireDrills,
  type ProbeKind,
  type Problem,
  parseDuration,
  quote,
  readFireDrills,
  renderPath,
} from "@elevation/domain";
import type { Visitor } from "@elevation/provider/lifecycle";
import { createVisitors } from "@elevation/provider/targets";
import type { Drill } from "@elevation/reaper";
import { BadDocuments, collect, readSource } from "./documents";
import type { Terminal } from "./terminal";

/** How long after its expiry access may still be seen where a drill doesn't say, in milliseconds. */
const ENDS_WITHIN = 60_000;
const REASON = "Fire drill: granted to see that it works, and that it ends";

/** The drills of a file, with the logins that the environment holds; `environments`: only for these, null: for all. Throws BadDocuments. */
export function readDrillFile(
  file: string,
  environments: ReadonlySet<string> | null,
  { cwd, env }: Terminal,
): readonly Drill[] {
  const problems: Problem[] = [];
  const document = collect(problems, () => readFireDrills(readSource(cwd, file)));
  if (document === null) throw new BadDocuments(problems);
  return drillsOf(document, environments, createVisitors(), env);
}

function drillsOf(
  { file, value, locate }: Document<FireDrills>,
  environments: ReadonlySet<string> | null,
  visitors: Readonly<Record<ProbeKind, Visitor>>,
  env: Terminal["env"],
): readonly Drill[] {
  const problems: Problem[] = [];
  const drills = value.drills.flatMap((drill, index): Drill[] => {
    // Of others this job may well lack the logins.
    if (environments !== null && !environments.has(drill.environment)) return [];
    const { kind, login: variable, statement } = drill.probe;
    const visitor = visitors[kind];
    const login = env[variable] ?? "";
    const fault = login === "" ? "is not set; set it to her own login" : visitor.fault(login);
    if (fault !== null) {
      const path = ["drills", index, "probe", "login"];
      const message = `${quote(variable)}, in the environment of the job the canary's login, ${fault}`;
      problems.push({ file, ...locate(path), path: renderPath(path), message });
      return [];
    }
    const { name, requester, role, environment, reason = REASON, duration, every } = drill;
    return [
      {
        ...{ name, requester, role, environment, reason, duration, statement },
        every: milliseconds(every),
        endsWithin: endsWithinOf(drill),
        longestEndsWithin: Math.max(...value.drills.filter((other) => other.requester === requester).map(endsWithinOf)),
        enter: () => visitor.enter(login),
      },
    ];
  });
  if (problems.length > 0) throw new BadDocuments(problems);
  return drills;
}

function endsWithinOf({ endsWithin }: FireDrills["drills"][number]): number {
  return endsWithin === undefined ? ENDS_WITHIN : milliseconds(endsWithin);
}

function milliseconds(duration: string): number {
  // INVARIANT (form): the reader of documents takes durations only.
  return parseDuration(duration) ?? 0;
}
