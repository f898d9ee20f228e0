// SPDX-License-Identifier: Apache-2.0
import { type Fits, fillersOf, unfilledOf } from "../approvals";
import { type CompiledApprovals, type CompiledLeaf, leavesOf } from "../compiled-policy";
import type { Subject } from "./subject";
import { peopleEver } from "./who";

type People = Pick<Subject, "people">;

/** People who could give all approvals of a demand, at any instant, whoever asks; null where nobody could. */
export function approversOf(
  demand: CompiledApprovals,
  subject: People,
  isGood: (person: string) => boolean = () => true,
): readonly string[] | null {
  return fillersOf(demand, whoFits(demand, subject, isGood), subject.people.people.size);
}

/** The places of a demand that nobody but the requester could fill, at any instant, as in `1 of security`; empty where all could be. */
export function unapprovablePlaces(demand: CompiledApprovals, requester: string, subject: People): readonly string[] {
  return unfilledOf(
    demand,
    whoFits(demand, subject, (person) => person !== requester),
    subject.people.people.size,
  );
}

function whoFits(demand: CompiledApprovals, subject: People, isGood: (person: string) => boolean): Fits {
  const known = new Map<CompiledLeaf, readonly string[]>(
    leavesOf(demand).map((leaf) => [leaf, [...peopleEver(leaf.from, subject)].filter(isGood)]),
  );
  return (leaf) => known.get(leaf) ?? [];
}

/** Of these people those whose requests nobody else could approve. */
export function unapprovable(
  demand: CompiledApprovals,
  requesters: ReadonlySet<string>,
  subject: People,
): ReadonlySet<string> {
  const approvers = approversOf(demand, subject);
  if (approvers === null) return requesters;
  // Whom that choice of approvers does without may ask.
  const stuck = approvers.filter(
    (person) => requesters.has(person) && approversOf(demand, subject, (other) => other !== person) === null,
  );
  return new Set(stuck);
}
