// SPDX-License-Identifier: Apache-2.0
import { placeOf, shown } from "./form-findings";
import { POSTGRES_NAME_BYTES } from "./forms";
import { parseInstant } from "./instant";
import type { Finding } from "./parsed";
import { field, fields, isMapping, items, keys, type Spot, texts } from "./spot";
import { didYouMean, quote } from "./text";

/**
 * What is wrong with a policy besides its form: ids, order of instants, and names that must resolve inside of it. The order of `min`,
 * `default` and `max` of a rule is no fault: an environment's cap moves `max` anyway, so the decision judges it.
 */
export function policyFindings(policy: Spot): Finding[] {
  const roles = keys(field(policy, "roles"));
  const environments = keys(field(policy, "environments"));
  const rules = items(field(policy, "rules"));
  const breakGlass = field(policy, "breakGlass");
  return [
    ...repeatedIds(rules),
    ...rules.flatMap((rule) => ruleFindings(rule, roles, environments)),
    ...fields(field(policy, "roles")).flatMap(({ spot }) => targetFindings(field(spot, "targets"), environments)),
    ...unresolvedKeys(field(field(policy, "limits"), "perRole"), roles, "role"),
    ...items(field(policy, "conflicts")).flatMap((list) => conflictFindings(list, roles)),
    ...unresolved(field(breakGlass, "roles"), roles, "role"),
    ...unresolved(field(breakGlass, "environments"), environments, "environment"),
    ...whoFindings(field(breakGlass, "who")),
    ...whoFindings(field(field(breakGlass, "review"), "from")),
  ];
}

/** The texts of a list that are not among the known names of that sort; a `*` in a list is a fault of form already. */
export function unresolved(list: Spot, known: readonly string[], sort: string): Finding[] {
  return texts(list)
    .filter(({ text }) => text !== "*" && !known.includes(text))
    .map(({ text, spot }) => ({
      path: spot.path,
      at: "value",
      message: `${placeOf(spot.path)} names the ${sort} ${quote(text)}, ${sort === "person" ? "who" : "which"} does not exist; ${didYouMean(text, known)}`,
    }));
}

/** Of two times in a mapping, the first must be the earlier one. */
export function fromBeforeTo(spot: Spot): Finding[] {
  const from = field(spot, "from");
  const to = field(spot, "to");
  const [start, end] = [from, to].map(({ value }) => (typeof value === "string" ? parseInstant(value) : null));
  if (start == null || end == null || start < end) return [];
  const message = `${placeOf(to.path)} is ${shown(to.value)}, not after \`from\`, ${shown(from.value)}; write a later instant`;
  return [{ path: to.path, at: "value", message }];
}

function repeatedIds(rules: readonly Spot[]): Finding[] {
  const first = new Map<string, Spot>();
  return rules.flatMap((rule): Finding[] => {
    const id = field(rule, "id");
    if (typeof id.value !== "string") return [];
    const other = first.get(id.value);
    if (other === undefined) {
      first.set(id.value, rule);
      return [];
    }
    const message = `${placeOf(id.path)} is ${quote(id.value)}, the id of ${placeOf(other.path)} too; write another one`;
    return [{ path: id.path, at: "value", message }];
  });
}

function ruleFindings(rule: Spot, roles: readonly string[], environments: readonly string[]): Finding[] {
  const who = [...whoFindings(field(rule, "who")), ...whoFindings(field(rule, "onBehalf"))];
  const approvals = approvalLeaves(field(rule, "approvals")).flatMap((leaf) => whoFindings(field(leaf, "from")));
  if (field(rule, "effect").value !== "deny") return [...who, ...approvals];
  return [
    ...who,
    ...unresolved(field(rule, "roles"), roles, "role"),
    ...unresolved(field(rule, "environments"), environments, "environment"),
    ...fromBeforeTo(field(rule, "during")),
  ];
}

/** The leaves `{from, count}` of a demand for approvals. */
export function approvalLeaves(spot: Spot): Spot[] {
  const branches = [...items(field(spot, "all")), ...items(field(spot, "any"))];
  return branches.length === 0 ? [spot] : branches.flatMap(approvalLeaves);
}

function whoFindings(who: Spot): Finding[] {
  if (!isMapping(who.value) || Object.keys(who.value).length > 0) return [];
  const fix = "write `everyone`, or `jobFunctions`, `people` or `onCall`";
  return [{ path: who.path, at: "value", message: `${placeOf(who.path)} is empty and matches nobody; ${fix}` }];
}

function targetFindings(targets: Spot, environments: readonly string[]): Finding[] {
  const tooLong = fields(targets).flatMap(({ spot }): Finding[] => {
    const role = field(spot, "role");
    if (field(spot, "kind").value !== "postgres" || typeof role.value !== "string") return [];
    return postgresNameFindings(role);
  });
  return [...unresolvedKeys(targets, environments, "environment"), ...tooLong];
}

/** NB. PostgreSQL cuts longer names without an error: two of them could become one role or one person. */
export function postgresNameFindings(name: Spot): Finding[] {
  const bytes = Buffer.byteLength(String(name.value));
  if (bytes <= POSTGRES_NAME_BYTES) return [];
  const message = `${placeOf(name.path)} has ${bytes} bytes, PostgreSQL keeps ${POSTGRES_NAME_BYTES}; write a shorter name`;
  return [{ path: name.path, at: "value", message }];
}

function unresolvedKeys(mapping: Spot, known: readonly string[], sort: string): Finding[] {
  return fields(mapping)
    .filter(({ key }) => !known.includes(key))
    .map(({ key, spot }) => ({
      path: spot.path,
      at: "key",
      message: `${placeOf(mapping.path)} names the ${sort} ${quote(key)}, which does not exist; ${didYouMean(key, known)}`,
    }));
}

function conflictFindings(list: Spot, roles: readonly string[]): Finding[] {
  const repeated = texts(list)
    .filter(({ text }, index, all) => all.findIndex((other) => other.text === text) < index)
    .map(({ text, spot }): Finding => {
      const message = `${placeOf(spot.path)} is ${quote(text)}, which stands in the list already; name each role once`;
      return { path: spot.path, at: "value", message };
    });
  return [...unresolved(list, roles, "role"), ...repeated];
}
