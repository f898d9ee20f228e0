// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./case";
import {
  type CompiledAllow,
  type CompiledApprovals,
  type CompiledChoice,
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
  /** What the role means today. */
  readonly today: string | null;
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
  const best = meet(demand, fits, verdicts.all.size) ?? nearest(demand, fits);
  return { required, given: best.people(), missing: best.missing() };
}

/** The verdicts of people whose latest one rejects the request, and whom a leaf of any of these rules takes. */
export function rejections(kase: Case, rules: readonly CompiledAllow[]): readonly Approval[] {
  const { all, signed } = verdictsOf(kase);
  if (all.size === 0) return [];
  const leaves = rules.flatMap(({ approvals }) => (approvals === null ? [] : leavesOf(approvals)));
  return [...all.keys()].sort().flatMap((person) => {
    for (const leaf of leaves) {
      const verdict = (leaf.takesImported ? all : signed).get(person);
      if (verdict?.verdict === "reject" && takes(kase, leaf, verdict)) return [verdict];
    }
    return [];
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

const NO_VERDICTS: Verdicts = { today: null, signed: new Map(), all: new Map() };

/** Of people of the directory other than whoever asks, given since the request and not in the future. */
function verdictsOf({ approvals, people, policy, proof, request, requestedAt, now }: Case): Verdicts {
  if (approvals === null || approvals.length === 0) return NO_VERDICTS;
  const today = roleDigestOf(policy, request.spec.role, request.spec.environment);
  const signed = new Map<string, Approval>();
  const all = new Map<string, Approval>();
  for (const verdict of approvals) {
    const { approver, at } = verdict;
    if (approver === request.spec.requester || approver === proof?.by || !people.people.has(approver)) continue;
    if (at < requestedAt || at > now) continue;
    if (isLater(verdict, all.get(approver), today)) all.set(approver, verdict);
    if (verdict.imported !== true && isLater(verdict, signed.get(approver), today)) signed.set(approver, verdict);
  }
  return { today, signed, all };
}

/**
 * NB. at the same instant a reject counts, and of two approves the narrower one, whatever the order of the list: one of what the role
 * doesn't mean today, then one of the shorter duration.
 */
function isLater(verdict: Approval, known: Approval | undefined, today: string | null): boolean {
  if (known === undefined) return true;
  if (verdict.at !== known.at) return verdict.at > known.at;
  if (verdict.verdict !== known.verdict) return verdict.verdict === "reject";
  const [upTo, knownUpTo] = [verdict, known].map((one) => one.upTo ?? Number.POSITIVE_INFINITY) as [number, number];
  const [isVoid, isKnownVoid] = [verdict, known].map(({ role }) => role !== undefined && role !== today);
  return isVoid === isKnownVoid ? upTo < knownUpTo : isVoid === true;
}

/** Who may fill a place of a leaf, in order of their names. */
export type Fits = (leaf: CompiledLeaf) => readonly string[];

function fitting(kase: Case, { approvalsValidFor }: CompiledAllow, duration: number, verdicts: Verdicts): Fits {
  const { today } = verdicts;
  const counts = (verdict: Approval): boolean =>
    verdict.verdict === "approve" &&
    (approvalsValidFor === null || kase.now < verdict.at + approvalsValidFor.milliseconds) &&
    (verdict.role === undefined || verdict.role === today) &&
    (verdict.upTo === undefined || verdict.upTo >= duration);
  const counting = (latest: ReadonlyMap<string, Approval>) =>
    [...latest.values()].filter(counts).sort((one, other) => (one.approver < other.approver ? -1 : 1));
  const [signed, all] = [counting(verdicts.signed), counting(verdicts.all)];
  const known = new Map<CompiledLeaf, readonly string[]>();
  return (leaf) => {
    const found =
      known.get(leaf) ??
      (leaf.takesImported ? all : signed)
        .filter((verdict) => takes(kase, leaf, verdict))
        .map(({ approver }) => approver);
    known.set(leaf, found);
    return found;
  };
}

function takes({ people }: Case, leaf: CompiledLeaf, { approver, at }: Approval): boolean {
  return whoMatches(leaf.from, people, approver, at);
}

/** Different people who could fill all places of a demand, of those whom `fits` names for each leaf; null where nobody could. */
export function fillersOf(demand: CompiledApprovals, fits: Fits, people: number): readonly string[] | null {
  return meet(demand, fits, people)?.people() ?? null;
}

/** The places that no choice of such people fills, of the one that leaves the fewest, as in `1 of security`. */
export function unfilledOf(demand: CompiledApprovals, fits: Fits, people: number): readonly string[] {
  return meet(demand, fits, people) === null ? nearest(demand, fits).missing() : [];
}

/** How many looks at a person or a demand one search may take, a few milliseconds of them; no demand that people wrote takes as many. */
const MOST_LOOKS = 100_000;

/** What is left of {@link MOST_LOOKS}. */
class Patience {
  #left = MOST_LOOKS;

  /** Whether so many looks could still be had. */
  spend(looks: number): boolean {
    this.#left -= looks;
    return this.#left >= 0;
  }
}

/**
 * Fills the places of a demand with different people; null where no choice of branches lets that happen, or where that can't be
 * found out with {@link MOST_LOOKS}: such a demand counts as not met.
 */
function meet(demand: CompiledApprovals, fits: Fits, approvers: number): Seating | null {
  const patience = new Patience();
  const search = (demands: readonly CompiledApprovals[], before: Seating): Seating | null => {
    const seating = before.copy();
    const choices: CompiledChoice[] = [];
    for (const part of demands.flatMap(partsOf)) {
      if (part.kind === "any") choices.push(part);
      else if (!seating.fill(part)) return null;
    }
    const [choice, ...others] = choices;
    if (choice === undefined) return seating;
    const places = choices.reduce((sum, { fewest }) => sum + fewest, seating.taken);
    if (places > approvers || !patience.spend(choices.length)) return null;
    for (const branch of choice.branches) {
      const met = search([branch, ...others], seating);
      if (met !== null) return met;
      if (!patience.spend(1)) return null;
    }
    return null;
  };
  return demand.fewest > approvers ? null : search([demand], new Seating(fits, patience));
}

/** The leaves and choices of which every one must be met. */
function partsOf(demand: CompiledApprovals): readonly (CompiledLeaf | CompiledChoice)[] {
  return demand.kind === "all" ? demand.branches.flatMap(partsOf) : [demand];
}

/** The choice of branches that lacks the fewest people; of equals the first. For people to read, and found without looking at all of them. */
function nearest(demand: CompiledApprovals, fits: Fits): Seating {
  const patience = new Patience();
  const seat = (leaves: readonly CompiledLeaf[], looks: Patience): Seating => {
    const seating = new Seating(fits, looks);
    for (const leaf of leaves) seating.fill(leaf);
    return seating;
  };
  const choose = (part: CompiledApprovals): readonly CompiledLeaf[] => {
    if (part.kind === "leaf") return [part];
    if (part.kind === "all") return part.branches.flatMap(choose);
    let best: readonly CompiledLeaf[] = [];
    let fewest = Number.POSITIVE_INFINITY;
    for (const branch of part.branches) {
      const leaves = choose(branch);
      const lack = seat(leaves, patience).lack();
      if (lack < fewest) [best, fewest] = [leaves, lack];
      if (!patience.spend(leaves.length)) break;
    }
    return best;
  };
  return seat(choose(demand), new Patience());
}

/** Who fills which place: a matching in which nobody fills two, grown by augmenting paths. */
class Seating {
  readonly #fits: Fits;
  readonly #patience: Patience;
  /** The leaf in which a person has a place. */
  readonly #seats: Map<string, CompiledLeaf>;
  readonly #lacks: Map<CompiledLeaf, number>;

  constructor(fits: Fits, patience: Patience, seats?: Map<string, CompiledLeaf>, lacks?: Map<CompiledLeaf, number>) {
    this.#fits = fits;
    this.#patience = patience;
    this.#seats = new Map(seats);
    this.#lacks = new Map(lacks);
  }

  copy(): Seating {
    // NB. a copy takes far longer than a look.
    this.#patience.spend(10 + 2 * this.#seats.size + 2 * this.#lacks.size);
    return new Seating(this.#fits, this.#patience, this.#seats, this.#lacks);
  }

  get taken(): number {
    return this.#seats.size;
  }

  /** Fills as many places of a leaf as can be; whether that is all of them. */
  fill(leaf: CompiledLeaf): boolean {
    let lack = leaf.count;
    const people = this.#patience.spend(1) ? this.#fits(leaf) : [];
    if (this.#patience.spend(people.length)) {
      for (const person of people) {
        if (lack === 0) break;
        if (this.#seats.has(person)) continue;
        this.#seats.set(person, leaf);
        lack--;
      }
    }
    while (lack > 0 && this.#makeRoom(leaf)) lack--;
    this.#lacks.set(leaf, lack);
    return lack === 0;
  }

  people(): readonly string[] {
    return [...this.#seats.keys()].sort();
  }

  lack(): number {
    return [...this.#lacks.values()].reduce((sum, lack) => sum + lack, 0);
  }

  missing(): readonly string[] {
    return [...this.#lacks].flatMap(([leaf, lack]) => (lack === 0 ? [] : [describe({ ...leaf, count: lack })]));
  }

  /** Gives somebody who has a place elsewhere one of the leaf, where others can move up until everybody has one. */
  #makeRoom(leaf: CompiledLeaf): boolean {
    /** For each person looked at, the leaf that wants them; for each leaf looked at, who would leave it. */
    const wantedBy = new Map<string, CompiledLeaf>();
    const leaving = new Map<CompiledLeaf, string>();
    const wanting = [leaf];
    for (const wants of wanting) {
      const people = this.#fits(wants);
      if (!this.#patience.spend(people.length)) return false;
      for (const person of people) {
        if (wantedBy.has(person)) continue;
        wantedBy.set(person, wants);
        const seat = this.#seats.get(person);
        if (seat === undefined) {
          this.#moveUp(person, leaf, wantedBy, leaving);
          return true;
        }
        if (seat === leaf || leaving.has(seat)) continue;
        leaving.set(seat, person);
        wanting.push(seat);
      }
    }
    return false;
  }

  #moveUp(
    free: string,
    leaf: CompiledLeaf,
    wantedBy: ReadonlyMap<string, CompiledLeaf>,
    leaving: ReadonlyMap<CompiledLeaf, string>,
  ): void {
    let person: string | undefined = free;
    while (person !== undefined) {
      const seat: CompiledLeaf = wantedBy.get(person) ?? leaf;
      this.#seats.set(person, seat);
      // Nobody leaves the leaf itself: there it ends.
      person = leaving.get(seat);
    }
  }
}

/** A demand as messages show it, with the names in backticks. */
export function quotedDemand(demand: CompiledApprovals): string {
  return describe(demand, quote);
}
