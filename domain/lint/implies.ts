// SPDX-License-Identifier: Apache-2.0
import type { CompiledAllow, CompiledApprovals, CompiledReason, Pattern } from "../compiled-policy";
import { granted, isTooLong, isTooShort, type Lengths, lengthsOf } from "./lengths";
import type { Subject } from "./subject";
import { isOpenWhenever } from "./times";
import { covers } from "./who";

/**
 * Whether `wide` is a candidate whenever `narrow` is one, for a role and an environment that both name, and what it finds wrong with
 * a request `narrow` finds wrong too: standing before it, `wide` leaves it nothing to decide.
 *
 * INVARIANT (sound): true only where that holds for every request, person of the directory, instant and past; false tells nothing.
 * `extensions` are not looked at: they are judged after the rule was chosen.
 */
export function isAtLeastAsWide(
  wide: CompiledAllow,
  narrow: CompiledAllow,
  environment: string,
  subject: Subject,
): boolean {
  return (
    covers(wide.who, narrow.who, subject) &&
    takesSameProof(wide, narrow, subject) &&
    isOpenWhenever(wide.hours, narrow.hours) &&
    (wide.hours?.isHold !== true || narrow.hours?.isHold === true) &&
    wantsNoBetterReason(wide.reason, narrow.reason) &&
    isSameOrAbsent(wide.ticket, narrow.ticket) &&
    wide.cooldown === null &&
    takesLengths(wide, narrow, environment, subject)
  );
}

/** Without proofs, anybody's request is as good as the person's own. */
function takesSameProof(wide: CompiledAllow, narrow: CompiledAllow, subject: Subject): boolean {
  if (subject.rules.proof === "none" || narrow.onBehalf === null) return true;
  return wide.onBehalf !== null && covers(wide.onBehalf, narrow.onBehalf, subject);
}

function wantsNoBetterReason(wide: CompiledReason, narrow: CompiledReason): boolean {
  return wide.minLength <= narrow.minLength && isSameOrAbsent(wide.matches, narrow.matches);
}

function isSameOrAbsent(wide: Pattern | null, narrow: Pattern | null): boolean {
  return wide === null || wide.text === narrow?.text;
}

function takesLengths(wide: CompiledAllow, narrow: CompiledAllow, environment: string, subject: Subject): boolean {
  const [one, other] = [lengthsOf(wide, environment, subject), lengthsOf(narrow, environment, subject)];
  return (
    one.min <= other.min &&
    (one.isClamping || (!other.isClamping && one.max.milliseconds >= other.max.milliseconds)) &&
    (!isTooShort(one, one.standard) || isTooShort(other, other.standard)) &&
    (!isTooLong(one, one.standard) || isTooLong(other, other.standard)) &&
    (wide.approvals === null || wantsNoMoreApprovals(wide, narrow, subject, isNeverLonger(one, other)))
  );
}

/** Whether a grant by the one never lasts longer than by the other: an approval may be for so long only. */
function isNeverLonger(one: Lengths, other: Lengths): boolean {
  const ofDefault = granted(one, one.standard) <= granted(other, other.standard);
  return ofDefault && (!other.isClamping || (one.isClamping && one.max.milliseconds <= other.max.milliseconds));
}

function wantsNoMoreApprovals(
  wide: CompiledAllow,
  narrow: CompiledAllow,
  subject: Subject,
  isNeverLonger: boolean,
): boolean {
  const [valid, other] = [wide.approvalsValidFor, narrow.approvalsValidFor];
  const isValidAsLong = valid === null || (other !== null && valid.milliseconds >= other.milliseconds);
  return (
    isNeverLonger &&
    isValidAsLong &&
    wide.approvals !== null &&
    narrow.approvals !== null &&
    follows(wide.approvals, narrow.approvals, subject)
  );
}

/** Whether whoever meets `given` meets `wanted` as well. */
function follows(wanted: CompiledApprovals, given: CompiledApprovals, subject: Subject): boolean {
  if (isSame(wanted, given)) return true;
  if (given.kind === "any") return given.branches.every((branch) => follows(wanted, branch, subject));
  if (given.kind === "all" && given.branches.some((branch) => follows(wanted, branch, subject))) return true;
  if (wanted.kind === "any") return wanted.branches.some((branch) => follows(branch, given, subject));
  if (wanted.kind !== "leaf" || given.kind !== "leaf") return false;
  // NB. A leaf that takes verdicts from a forge isn't the wider one: a person's later reject there counts for it alone.
  return (
    wanted.takesImported === given.takesImported &&
    wanted.count <= given.count &&
    covers(wanted.from, given.from, subject)
  );
}

function isSame(one: CompiledApprovals, other: CompiledApprovals): boolean {
  if (one.kind !== "leaf" && other.kind !== "leaf") {
    return (
      one.kind === other.kind &&
      one.branches.length === other.branches.length &&
      one.branches.every((branch, index) => {
        const beside = other.branches[index];
        return beside !== undefined && isSame(branch, beside);
      })
    );
  }
  return (
    one.kind === "leaf" &&
    other.kind === "leaf" &&
    one.count === other.count &&
    one.takesImported === other.takesImported &&
    JSON.stringify(one.from.written) === JSON.stringify(other.from.written)
  );
}
