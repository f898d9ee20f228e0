// SPDX-License-Identifier: Apache-2.0
import { type AllowRule, duration, isBefore, type Matches, type Note, seen, type Who } from "./terms";

// Approvals of design §5 by trying everything: each choice of branches, each assignment of people to places.

/** What somebody said of the request, who may say it and in time. */
export interface Verdict {
  readonly person: string;
  readonly verdict: "approve" | "reject";
  readonly at: number;
  /** Whether it is about the role as it is today. */
  readonly isMeant: boolean;
  readonly upTo: number | null;
  readonly isImported: boolean;
}

interface Leaf {
  readonly from: Who;
  readonly count: number;
  readonly imported?: boolean | undefined;
}
type Tree = NonNullable<AllowRule["approvals"]>;

/** Whether the rule has the approvals that it demands for a grant of that length. */
export function areApproved(
  verdicts: readonly Verdict[],
  rule: AllowRule,
  length: number,
  now: number,
  matches: Matches,
  note?: Note,
): boolean {
  if (rule.approvals === undefined) return true;
  const people = [...new Set(verdicts.map(({ person }) => person))];
  const validFor = rule.approvalsValidFor === undefined ? null : duration(rule.approvalsValidFor);
  const counts = (leaf: Leaf, person: string): boolean => {
    const latest = latestFor(leaf, verdicts, person, note);
    if (latest?.verdict !== "approve" || !matches(leaf.from, person, latest.at, "approvals.from")) return false;
    if (!latest.isMeant || (latest.upTo !== null && isBefore(note, "upTo", latest.upTo, length))) return false;
    return validFor === null || isBefore(note, "approvalsValidFor", now, latest.at + validFor);
  };
  const isFilled = (places: readonly Leaf[], free: readonly string[]): boolean => {
    const [place, ...rest] = places;
    if (place === undefined) return true;
    return free.some(
      (person) =>
        counts(place, person) &&
        isFilled(
          rest,
          free.filter((other) => other !== person),
        ),
    );
  };
  const choices = choicesOf(rule.approvals).map((leaves) => leaves.flatMap((leaf) => Array(leaf.count).fill(leaf)));
  const isEnough = choices.some((places: Leaf[]) => isFilled(places, people));
  const isEnoughEach = choices.some((places: Leaf[]) =>
    places.every((place) => people.filter((person) => counts(place, person)).length >= place.count),
  );
  if (isEnoughEach) seen(note, "different people", isEnough);
  return isEnough;
}

/** Whether the person's latest verdict is a reject that a leaf of the rule takes. */
export function isRejecting(
  verdicts: readonly Verdict[],
  rule: AllowRule,
  person: string,
  matches: Matches,
  note?: Note,
): boolean {
  return (rule.approvals === undefined ? [] : choicesOf(rule.approvals).flat()).some((leaf) => {
    const latest = latestFor(leaf, verdicts, person, note);
    return latest?.verdict === "reject" && seen(note, "rejects", matches(leaf.from, person, latest.at, "reject"));
  });
}

/** Of the verdicts that the leaf takes: the latest; at the same instant the reject, else the approve that is worth least. */
function latestFor({ imported }: Leaf, verdicts: readonly Verdict[], person: string, note?: Note): Verdict | undefined {
  const own = verdicts.filter((verdict) => {
    if (verdict.person !== person) return false;
    return !verdict.isImported || seen(note, "imported", imported === true);
  });
  const last = Math.max(...own.map(({ at }) => at));
  const latest = own.filter(({ at }) => at === last);
  if (latest.length > 1) seen(note, "both at once", new Set(latest.map(({ verdict }) => verdict)).size > 1);
  const longest = Number.POSITIVE_INFINITY;
  return (
    latest.find(({ verdict }) => verdict === "reject") ??
    latest.find(({ isMeant }) => !isMeant) ??
    latest.sort((one, other) => (one.upTo ?? longest) - (other.upTo ?? longest))[0]
  );
}

/** Every choice of branches, as the leaves that it takes. */
function choicesOf(tree: Tree): Leaf[][] {
  if ("any" in tree) return tree.any.flatMap(choicesOf);
  if (!("all" in tree)) return [[tree]];
  return tree.all.reduce<Leaf[][]>(
    (before, branch) => before.flatMap((chosen) => choicesOf(branch).map((more) => [...chosen, ...more])),
    [[]],
  );
}
