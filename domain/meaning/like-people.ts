// SPDX-License-Identifier: Apache-2.0
import { compileDirectory } from "../compiled-directory";
import { compilePolicy, leavesOf } from "../compiled-policy";
import type { Directory } from "../directory";
import { grouped } from "../grouped";
import type { Policy } from "../policy";
import { cellOf } from "../rule-index";
import type { Wish } from "./offers";

/**
 * The people of a directory, those together who get the same offers of a role in an environment, at any instant: nothing that its
 * rules look at is other about them. Whoever a rule names, is on call somewhere or held anything is alone. In order of the directory.
 */
export function likePeople(
  policy: Policy,
  directory: Directory,
  { environment, history, live, role }: Omit<Wish, "person" | "at">,
): readonly (readonly string[])[] {
  const [rules, { onCall, people }] = [compilePolicy(policy), compileDirectory(directory)];
  const { allows, denies } = cellOf(rules, role, environment);
  const approvers = allows.all.flatMap(({ approvals }) => (approvals === null ? [] : leavesOf(approvals)));
  const all = [
    ...[...allows.all, ...denies.all, ...(rules.breakGlass === null ? [] : [rules.breakGlass])].map(({ who }) => who),
    ...approvers.map(({ from }) => from),
  ];
  const alone = new Set([
    ...all.flatMap(({ people: named }) => [...named]),
    ...[...onCall.values()].flatMap((duties) => [...duties.keys()]),
    ...[...live, ...history].map(({ requester }) => requester),
  ]);
  const wanted = [...new Set(all.flatMap(({ jobFunctions }) => jobFunctions))];
  const kind = rules.targets.get(role)?.get(environment)?.kind ?? "";
  const groups = grouped(people, ([person, { jobFunctions, kinds }]) => {
    const looks = [kinds.has(kind), wanted.filter((name) => jobFunctions.has(name))];
    return alone.has(person) ? person : JSON.stringify(looks);
  });
  return [...groups.values()].map((group) => group.map(([person]) => person));
}
