// SPDX-License-Identifier: Apache-2.0
import { coolingDown, judgeHours } from "../allow-rules";
import type { Case } from "../case";
import { type CompiledDirectory, compileDirectory } from "../compiled-directory";
import { type CompiledAllow, cappedMax } from "../compiled-policy";
import { whoMatches } from "../compiled-who";
import type { Cell } from "../rule-index";
import { type Atom, demandsAtoms, implies } from "./atoms";
import { unite } from "./intervals";

/** The durations that a request may name and rules before a rule leave to it, where it meets its demands and nothing beyond them. */
export interface Left {
  /** Ids of the rules that take some, in document order. */
  readonly takers: readonly string[];
  /** The shortest that the rule takes. */
  readonly min: number;
  /** The longest up to `most`; null: none is left. */
  readonly upTo: (most: number) => number | null;
  /** The shortest from `least` on; null: none is left. */
  readonly from: (least: number) => number | null;
}

/** Where no rule comes before. */
export const ALL_LEFT: Left = { takers: [], min: 1, upTo: (most) => most, from: (least) => least };

/**
 * The first rule that allows a request decides it: a rule never speaks for what an earlier one that is open takes.
 * NB. Patterns are compared as texts: an earlier rule with another one is thought to be passed by.
 */
export function leftTo(rule: CompiledAllow, kase: Case): Left {
  const takers = takersOf(rule, kase).filter((earlier) => isOpen(earlier, kase));
  const spans = unite(takers.map((taker) => takenOf(taker, rule, kase)));
  const around = (length: number) => spans.find(({ from, to }) => from <= length && length < to);
  return {
    takers: takers.map(({ id }) => id),
    min: rule.min.milliseconds,
    upTo: (most) => {
      const taken = around(most);
      const longest = taken === undefined ? most : taken.from - 1;
      return longest >= rule.min.milliseconds ? longest : null;
    },
    from: (least) => {
      const shortest = around(least)?.to ?? least;
      return Number.isFinite(shortest) ? shortest : null;
    },
  };
}

function isOpen(rule: CompiledAllow, kase: Case): boolean {
  const { at, people, request } = kase;
  return (
    whoMatches(rule.who, people, request.spec.requester, at) &&
    judgeHours(rule, kase, at).violations.length === 0 &&
    coolingDown(rule, kase).length === 0
  );
}

/** Half-open, in whole milliseconds. */
function takenOf(taker: CompiledAllow, rule: CompiledAllow, { request, rules }: Case): { from: number; to: number } {
  const { environment } = request.spec;
  const most = cappedMax(taker.max, rules, environment).max.milliseconds;
  const from = taker.min.milliseconds;
  const to = taker.isClamping ? Number.POSITIVE_INFINITY : most + 1;
  if (taker.approvals === null || !rule.isClamping) return { from, to };
  // Approvals may be good for no longer than the rule's own grant.
  const approved = cappedMax(rule.max, rules, environment).max.milliseconds;
  return { from, to: taker.isClamping && most <= approved ? to : Math.min(to, approved + 1) };
}

const known = new WeakMap<Cell, WeakMap<CompiledDirectory, Map<CompiledAllow, readonly CompiledAllow[]>>>();
const atoms = new WeakMap<CompiledDirectory, WeakMap<CompiledAllow, readonly Atom[]>>();

/** The rules of the place before a rule that demand nothing which it doesn't; whom they are for and when is not looked at. */
function takersOf(rule: CompiledAllow, { cell, directory }: Case): readonly CompiledAllow[] {
  const people = compileDirectory(directory);
  const here = known.get(cell) ?? new WeakMap<CompiledDirectory, Map<CompiledAllow, readonly CompiledAllow[]>>();
  const found = here.get(people) ?? new Map<CompiledAllow, readonly CompiledAllow[]>();
  known.set(cell, here.set(people, found));
  const takers = found.get(rule) ?? cell.allows.all.filter((earlier) => takesAll(earlier, rule, people));
  found.set(rule, takers);
  return takers;
}

function takesAll(earlier: CompiledAllow, rule: CompiledAllow, people: CompiledDirectory): boolean {
  if (earlier.order >= rule.order) return false;
  const given = atomsOf(rule, people);
  return atomsOf(earlier, people).every((wanted) => given.some((one) => implies(one, wanted)));
}

function atomsOf(rule: CompiledAllow, people: CompiledDirectory): readonly Atom[] {
  const ofPeople = atoms.get(people) ?? new WeakMap<CompiledAllow, readonly Atom[]>();
  const found = ofPeople.get(rule) ?? demandsAtoms(rule, people);
  atoms.set(people, ofPeople.set(rule, found));
  return found;
}
