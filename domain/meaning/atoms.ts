// SPDX-License-Identifier: Apache-2.0

import type { CompiledDirectory } from "../compiled-directory";
import type { CompiledAllow, CompiledApprovals, CompiledBreakGlass } from "../compiled-policy";
import { type Extension, extensionOf, isWithin } from "./extension-of-who";

/**
 * One thing that a request, or what is known of it, either meets or doesn't. `implies` may say false where it is true, never true
 * where it is false: a comparison then finds too many differences, not too few.
 */
export type Atom =
  | { readonly kind: "length"; readonly key: string; readonly least: number }
  | { readonly kind: "matches"; readonly key: string }
  | { readonly kind: "approvals"; readonly key: string; readonly demand: Demand; readonly validFor: number }
  | { readonly kind: "cooldown"; readonly key: string; readonly rule: string; readonly span: number }
  | { readonly kind: "asker"; readonly key: string; readonly who: Extension }
  | { readonly kind: "chain"; readonly key: string; readonly max: number }
  | { readonly kind: "open"; readonly key: string }
  | {
      readonly kind: "review";
      readonly key: string;
      readonly by: Extension;
      readonly within: number;
      readonly unreviewed: number;
    };

/** A demand for approvals whose people are known. */
export type Demand =
  | { readonly kind: "leaf"; readonly from: Extension; readonly count: number; readonly takesImported: boolean }
  | { readonly kind: "all"; readonly branches: readonly Demand[] }
  | { readonly kind: "any"; readonly branches: readonly Demand[] };

/** Whether whatever meets `one` meets `other`. */
export function implies(one: Atom, other: Atom): boolean {
  if (one.key === other.key) return true;
  if (one.kind === "length" && other.kind === "length") return one.least >= other.least;
  if (one.kind === "cooldown" && other.kind === "cooldown") return one.rule === other.rule && one.span >= other.span;
  if (one.kind === "asker" && other.kind === "asker") return isWithin(one.who, other.who);
  if (one.kind === "chain" && other.kind === "chain") return one.max <= other.max;
  if (one.kind === "review" && other.kind === "review") {
    // More reviewers lift the block sooner, fewer see less of it: others are never the same.
    const isSame = isWithin(one.by, other.by) && isWithin(other.by, one.by);
    return isSame && one.within <= other.within && one.unreviewed <= other.unreviewed;
  }
  if (one.kind === "approvals" && other.kind === "approvals") {
    return one.validFor <= other.validFor && demandImplies(one.demand, other.demand);
  }
  return false;
}

/** What a rule demands of a request besides duration and hours, and the asker being the requester. */
export function demandsAtoms(rule: CompiledAllow, directory: CompiledDirectory): readonly Atom[] {
  const { approvals, approvalsValidFor, reason, ticket } = rule;
  const atoms: Atom[] = [];
  if (reason.minLength > 1) atoms.push(lengthAtom(reason.minLength));
  if (reason.matches !== null) atoms.push({ kind: "matches", key: `reason ${reason.matches.text}` });
  if (ticket !== null) atoms.push({ kind: "matches", key: `ticket ${ticket.text}` });
  if (approvals !== null) {
    const demand = demandOf(approvals, directory);
    const validFor = approvalsValidFor?.milliseconds ?? Number.POSITIVE_INFINITY;
    atoms.push({ kind: "approvals", key: `approvals ${keyOf(demand)} ${validFor}`, demand, validFor });
  }
  return atoms;
}

/** `by`: who reviews. */
export function emergencyAtoms(
  { reason, reviewWithin, unreviewed }: CompiledBreakGlass,
  by: Extension,
): readonly Atom[] {
  const within = reviewWithin.milliseconds;
  const key = `review ${within} ${unreviewed} ${by.key}`;
  const atoms: Atom[] = [{ kind: "review", key, by, within, unreviewed }];
  if (reason.minLength > 1) atoms.push(lengthAtom(reason.minLength));
  if (reason.matches !== null) atoms.push({ kind: "matches", key: `reason ${reason.matches.text}` });
  return atoms;
}

export function cooldownAtom({ cooldown, id }: CompiledAllow): readonly Atom[] {
  if (cooldown === null) return [];
  const span = cooldown.milliseconds;
  return [{ kind: "cooldown", key: `cooldown ${id} ${span}`, rule: id, span }];
}

export function askerAtom({ onBehalf }: CompiledAllow, directory: CompiledDirectory): Atom | null {
  if (onBehalf === null) return null;
  const who = extensionOf(onBehalf, directory);
  return { kind: "asker", key: `asker ${who.key}`, who };
}

export function chainAtom(max: number): Atom {
  return { kind: "chain", key: `chain ${max}`, max };
}

function lengthAtom(least: number): Atom {
  return { kind: "length", key: `length ${least}`, least };
}

function demandOf(demand: CompiledApprovals, directory: CompiledDirectory): Demand {
  if (demand.kind !== "leaf")
    return { kind: demand.kind, branches: demand.branches.map((each) => demandOf(each, directory)) };
  const { count, from, takesImported } = demand;
  return { kind: "leaf", from: extensionOf(from, directory), count, takesImported };
}

function keyOf(demand: Demand): string {
  if (demand.kind === "leaf") return `${demand.count}${demand.takesImported ? "i" : ""}:${demand.from.key}`;
  return `${demand.kind}(${demand.branches.map(keyOf).join()})`;
}

function demandImplies(one: Demand, other: Demand): boolean {
  if (one.kind === "any") return one.branches.every((branch) => demandImplies(branch, other));
  if (other.kind === "any") return other.branches.some((branch) => demandImplies(one, branch));
  if (other.kind === "all") {
    if (other.branches.length === 1) return other.branches.every((branch) => demandImplies(one, branch));
    // The places of all branches are filled by different people, so each takes a branch of its own.
    return one.kind === "all" && canPair(one.branches, other.branches);
  }
  if (one.kind === "all") return one.branches.some((branch) => demandImplies(branch, other));
  return one.count >= other.count && isWithin(one.from, other.from) && (other.takesImported || !one.takesImported);
}

/** Whether each of the wanted gets one of its own that implies it: a matching, grown by one wanted at a time. */
function canPair(some: readonly Demand[], wanted: readonly Demand[]): boolean {
  if (some.length < wanted.length) return false;
  const fitting = wanted.map((each) => some.flatMap((branch, index) => (demandImplies(branch, each) ? [index] : [])));
  const takenBy = new Map<number, number>();
  const place = (each: number, tried: Set<number>): boolean =>
    (fitting[each] ?? []).some((index) => {
      if (tried.has(index)) return false;
      tried.add(index);
      const holder = takenBy.get(index);
      if (holder !== undefined && !place(holder, tried)) return false;
      takenBy.set(index, each);
      return true;
    });
  return wanted.every((_, each) => place(each, new Set()));
}
