// SPDX-License-Identifier: Apache-2.0
import { parseDuration } from "./duration";
import { CANARY_VARIABLE } from "./fire-drills";
import { placeOf } from "./form-findings";
import type { Finding } from "./parsed";
import { repeatedNames } from "./repeated-names";
import { field, items, type Spot } from "./spot";
import { quote } from "./text";

/** What is wrong with a file of fire drills besides its form. */
export function fireDrillFindings(root: Spot): Finding[] {
  const drills = items(field(root, "drills"));
  return [
    ...repeatedNames(drills),
    ...drills.flatMap((drill) => [...everyFindings(drill), ...loginFindings(field(field(drill, "probe"), "login"))]),
  ];
}

function everyFindings(drill: Spot): Finding[] {
  const [every, duration] = [field(drill, "every"), field(drill, "duration")];
  if (typeof every.value !== "string" || typeof duration.value !== "string") return [];
  const [interval, lasts] = [parseDuration(every.value), parseDuration(duration.value)];
  if (interval === null || lasts === null || interval > lasts) return [];
  const message = `${placeOf(every.path)} is ${quote(every.value)}, and a drill lasts ${quote(duration.value)}; write more than that, as in PT1H`;
  return [{ path: every.path, at: "value", message }];
}

/** INVARIANT (nothing repeated): what stands where a variable's name should may be the login itself, with its password. */
function loginFindings({ value, path }: Spot): Finding[] {
  if (typeof value !== "string" || CANARY_VARIABLE.test(value)) return [];
  const message = `${placeOf(path)} is no name of a variable for a canary's login, and not repeated here because it may be a secret; write a name like \`ELEVATION_CANARY_ORDERS\`, and set that variable to the address`;
  return [{ path, at: "value", message }];
}
