// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./case";
import {
  type CompiledAllow,
  type CompiledApprovals,
  type CompiledLeaf,
  leavesOf,
  roleDigestOf,
} from "./compiled-policy";
import { type CompiledWho, whoMatches } from "./compiled-who";
import type { Approval, Decision } from "./decision";
import { quote } from "./text";

/** What became of a rule's demand for approvals: the three lists of a Decision. */
export type ApprovalReport = Decision["approvals"];

export const NO_APPROVALS: ApprovalReport = { required: [], given: [], missing: [] };

/** The latest verdict of each person that counts at all, with and without those that a forge brought. */
interface Verdicts {
  readonly signed: ReadonlyMap<string, Approval>;
  readonly all: ReadonlyMap<string, Approval>;
}

/**
 * Judges a rule's demand (design §5 "Approvals"); `missing` is empty exactly where it is met. `duration` is what the grant
 * would last, in milliseconds.
 */
export function judgeApprovals(kase: Case, rule: CompiledAllow, duration: number): ApprovalReport {
  const { approvals: demand } = rule;
  if (demand === null) return NO_APPROVALS;
  const required = demand.kind === "all" ? demand.branches.map((branch) => describe(branch)) : [describe(demand)];
  const verdicts = verdictsOf(kase);
  const fits = fitting(kase, rule, duration, verdicts);
  const met = meet([demand], fits, verdicts.all.size);
  const best = met ?? fill(nearest(demand, fits), fits);
  return { required, given: best.people(), missing: met === null ? best.missing() : [] };
}

/** People whose latest verdict rejects the request, and whom a leaf of any of these rules takes, with their verdicts. */
export function rejections(kase: Case, rules: readonly CompiledAllow[]): readonly Approval[] {
  if (kase.approvals === null || kase.approvals.length === 0) return [];
  const verdicts = verdictsOf(kase);
  const leaves = rules.flatMap(({ approvals }) => (approvals === null ? [] : leavesOf(approvals)));
  const people = [...verdicts.all.keys()];
  return people.flatMap((person) => {
    const found = leaves
      .map((leaf) => (leaf.takesImported ? verdicts.all : verdicts.signed).get(person))
      .filter((verdict, index) => verdict?.verdict === "reject" && takes(kase, leaves[index], verdict));
    return found.slice(0, 1).filter((verdict) => verdict !== undefined);
  });
}

/** A demand for people: "1 of `dba-lead` and 1 of `security`". */
export function describe(demand: CompiledApprovals, name: (text: string) => string = (text) => text): string {
  if (demand.kind === "leaf") return `${demand.count} of ${describeWho(demand.from, name)}`;
  const texts = demand.branches.map((branch) =>
    branch.kind === "leaf" || demand.branches.length === 1 ? describe(branch, name) : `(${describe(branch, name)})`,
  );
  return texts.join(demand.kind === "all" ? " and " : " or ");
}

function describeWho(who: CompiledWho, name: (text: string) => string): string {
  if (who.isEveryone) return "everyone";
  const onCall = who.onCall.map((schedule) => `on call in ${name(schedule)}`);
  return [...[...who.jobFunctions, ...who.people].map(name), ...onCall].join(" or ");
}

/** Of people of the directory other than whoever asks, given since the request and not in the future. */
function verdictsOf({ approvals, people, proof, request, requestedAt, now }: Case): Verdicts {
  const signed = new Map<string, Approval>();
  const all = new Map<string, Approval>();
  for (const verdict of approvals ?? []) {
    const { approver, at } = verdict;
    if (approver === request.spec.requester || approver === proof?.by || !people.people.has(approver)) continue;
    if (at < requestedAt || at > now) continue;
    if (isLater(verdict, all.get(approver))) all.set(approver, verdict);
    if (verdict.imported !== true && isLater(verdict, signed.get(approver))) signed.set(approver, verdict);
  }
  return { signed, all };
}

/** NB. at the same instant a reject counts, whatever the order of the list. */
function isLater(verdict: Approval, known: Approval | undefined): boolean {
  if (known === undefined || verdict.at > known.at) return true;
  return verdict.at === known.at && verdict.verdict === "reject";
}

/** Who may fill a place of a leaf. */
export type Fits = (leaf: CompiledLeaf) => readonly string[];

function fitting(kase: Case, { approvalsValidFor }: CompiledAllow, duration: number, verdicts: Verdicts): Fits {
  const { environment, role } = kase.request.spec;
  const counts = (verdict: Approval): boolean =>
    verdict.verdict === "approve" &&
    (approvalsValidFor === null || kase.now < verdict.at + approvalsValidFor.milliseconds) &&
    (verdict.role === undefined || verdict.role === roleDigestOf(kase.policy, role, environment)) &&
    (verdict.upTo === undefined || verdict.upTo >= duration);
  const known = new Map<CompiledLeaf, readonly string[]>();
  return (leaf) => {
    const found =
      known.get(leaf) ??
      [...(leaf.takesImported ? verdicts.all : verdicts.signed).values()]
        .filter((verdict) => counts(verdict) && takes(kase, leaf, verdict))
        .map(({ approver }) => approver)
        .sort();
    known.set(leaf, found);
    return found;
  };
}

function takes({ people }: Case, leaf: CompiledLeaf | undefined, { approver, at }: Approval): boolean {
  return leaf !== undefined && whoMatches(leaf.from, people, approver, at);
}

/** Different people who could fill all places of a demand, of those whom `fits` names for each leaf; null where nobody could. */
export function fillersOf(demand: CompiledApprovals, fits: Fits, people: number): readonly string[] | null {
  return meet([demand], fits, people)?.people() ?? null;
}

/** Far more than any demand that people wrote takes; one that takes more counts as not met. */
const MAX_STEPS = 20_000;

/**
 * Fills the places of all demands with different people; null where no choice of branches lets that happen, or where that can't be
 * found out in {@link MAX_STEPS}.
 */
function meet(demands: readonly CompiledApprovals[], fits: Fits, approvers: number): Assignment | null {
  let steps = 0;
  const search = (left: readonly CompiledApprovals[], filled: Assignment, free: number): Assignment | null => {
    const [demand, ...rest] = left;
    if (demand === undefined) return filled;
    steps++;
    if (steps > MAX_STEPS || left.reduce((sum, each) => sum + fewest(each), 0) > free) return null;
    if (demand.kind === "all") return search([...demand.branches, ...rest], filled, free);
    if (demand.kind === "leaf") {
      const next = filled.copy();
      return next.take(demand) === demand.count ? search(rest, next, free - demand.count) : null;
    }
    for (const branch of demand.branches) {
      const met = search([branch, ...rest], filled, free);
      if (met !== null) return met;
    }
    return null;
  };
  return search(demands, new Assignment(fits), approvers);
}

/** How many people a demand takes at least. */
function fewest(demand: CompiledApprovals): number {
  if (demand.kind === "leaf") return demand.count;
  const each = demand.branches.map(fewest);
  return demand.kind === "all" ? each.reduce((sum, count) => sum + count, 0) : Math.min(...each);
}

/** The leaves of the choice of branches that lacks the fewest people; of equals the first. For people to read. */
function nearest(demand: CompiledApprovals, fits: Fits): readonly CompiledLeaf[] {
  if (demand.kind === "leaf") return [demand];
  const choices = demand.branches.map((branch) => nearest(branch, fits));
  if (demand.kind === "all") return choices.flat();
  const lacks = choices.map((leaves) => fill(leaves, fits).lack());
  return choices[lacks.indexOf(Math.min(...lacks))] ?? [];
}

function fill(leaves: readonly CompiledLeaf[], fits: Fits): Assignment {
  const filled = new Assignment(fits);
  for (const leaf of leaves) filled.take(leaf);
  return filled;
}

interface Seat {
  readonly leaf: CompiledLeaf;
  person: string;
}

/** Who fills which place: a matching in which nobody fills two, grown by augmenting paths. */
class Assignment {
  readonly #fits: Fits;
  readonly #seats: Seat[];
  readonly #leaves: CompiledLeaf[];

  constructor(fits: Fits, seats: readonly Seat[] = [], leaves: readonly CompiledLeaf[] = []) {
    this.#fits = fits;
    this.#seats = seats.map((seat) => ({ ...seat }));
    this.#leaves = [...leaves];
  }

  copy(): Assignment {
    return new Assignment(this.#fits, this.#seats, this.#leaves);
  }

  /** Fills as many places of a leaf as can be; returns how many. */
  take(leaf: CompiledLeaf): number {
    this.#leaves.push(leaf);
    let taken = 0;
    while (taken < leaf.count && this.#seat(leaf, new Set())) taken++;
    return taken;
  }

  people(): readonly string[] {
    return this.#seats.map(({ person }) => person).sort();
  }

  lack(): number {
    return this.#leaves.reduce((sum, leaf) => sum + leaf.count, 0) - this.#seats.length;
  }

  missing(): readonly string[] {
    return this.#leaves.flatMap((leaf) => {
      const lacks = leaf.count - this.#seats.filter((seat) => seat.leaf === leaf).length;
      return lacks === 0 ? [] : [describe({ ...leaf, count: lacks })];
    });
  }

  /** Gives somebody a place of the leaf, who may leave another place to somebody else. */
  #seat(leaf: CompiledLeaf, tried: Set<string>): boolean {
    for (const person of this.#fits(leaf)) {
      if (tried.has(person)) continue;
      tried.add(person);
      const held = this.#seats.find((seat) => seat.person === person);
      if (held === undefined) {
        this.#seats.push({ leaf, person });
        return true;
      }
      if (this.#reseat(held, tried)) {
        this.#seats.push({ leaf, person });
        return true;
      }
    }
    return false;
  }

  /** Finds somebody else for a place. */
  #reseat(seat: Seat, tried: Set<string>): boolean {
    for (const person of this.#fits(seat.leaf)) {
      if (tried.has(person)) continue;
      tried.add(person);
      const held = this.#seats.find((other) => other.person === person);
      if (held === undefined || this.#reseat(held, tried)) {
        seat.person = person;
        return true;
      }
    }
    return false;
  }
}

/** A demand as messages show it, with the names in backticks. */
export function quotedDemand(demand: CompiledApprovals): string {
  return describe(demand, quote);
}
