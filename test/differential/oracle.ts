// SPDX-License-Identifier: Apache-2.0
import type { DecisionContext, EndedGrant, LiveGrant } from "@elevation/domain";
import { areApproved, isRejecting, type Verdict } from "./approvals";
import { isOpen, MINUTE } from "./calendar";
import { type AllowRule, about, duration, isBefore, ms, type Note, names, type Rule, seen } from "./terms";
import { type Documents, requestDigest, roleDigest } from "./world";

// A second answer to design §5, written from its text to be read beside it: it walks minute by minute where decide() computes with
// intervals, tries every choice of approvals and every assignment of people, and takes its calendar from Intl alone. Instants of the
// documents are whole minutes. It is slow and says nothing but what must agree.

export interface Answer {
  readonly outcome: "allow" | "deny";
  readonly rule: string | null;
  readonly activatesAt: number | null;
  readonly expiresAt: number | null;
  /** `id` or `id rule` of each violation, sorted. */
  readonly violations: readonly string[];
}

/** A violation: its id, and the rule that is violated or null. */
type Fault = readonly [id: string, rule: string | null];

/** Whether the rule's windows contain the instant. */
export function denies(rule: Rule, at: number, note?: Note): boolean {
  if (rule.effect !== "deny") return false;
  const { during, hours } = rule;
  if (during !== undefined && isBefore(note, "during begins", at, ms(during.from))) return false;
  if (during !== undefined && !isBefore(note, "during ends", at, ms(during.to))) return false;
  return hours === undefined || seen(note, "hours of a deny rule", isOpen(hours, at));
}

/** The answer to a case; `note` hears of each question that was answered on the way, and how. */
export function oracle(documents: Documents, context: DecisionContext, note?: Note): Answer {
  const { policy, directory, request } = documents;
  const { spec } = request;
  const { now, live, history } = context;
  const { requester, role, environment } = spec;
  const matches = about(directory, note);

  // Step 0.
  const digest = requestDigest(request);
  const again = live.find((grant) => grant.request === digest);
  if (again !== undefined) {
    seen(
      note,
      "ended too",
      history.some((grant) => grant.request === digest),
    );
    const { rule = null, activatedAt, expiresAt } = again;
    return { outcome: "allow", rule, activatesAt: activatedAt, expiresAt, violations: [] };
  }
  if (history.some((grant) => grant.request === digest)) return deny(null, [["request-ended", null]]);

  // Step 1.
  const unknown: Fault[] = [];
  if (!Object.hasOwn(directory.people, requester)) unknown.push(["unknown-requester", null]);
  const targets = Object.hasOwn(policy.roles, role) ? policy.roles[role]?.targets : undefined;
  if (targets === undefined) unknown.push(["unknown-role", null]);
  const isKnown = Object.hasOwn(policy.environments, environment);
  if (!isKnown || (targets !== undefined && !Object.hasOwn(targets, environment))) {
    seen(note, "no target there", isKnown);
    unknown.push(["unknown-environment", null]);
  }
  if (unknown.length > 0) return deny(null, unknown);

  // The activation instant: of an extension, the end of what it prolongs.
  const startAt = spec.startAt === undefined ? null : ms(spec.startAt);
  const start = Math.max(now, startAt ?? now);
  const extended = extendedBy(documents, live, note);
  const t = extended === null ? start : Math.max(now, extended.expiresAt);
  if (extended !== null) isBefore(note, "extended ends", now, extended.expiresAt);

  // Who asked: somebody else than the requester only where the proof is looked at.
  const mode = policy.requests?.proof ?? "signature";
  const asker = mode === "none" || context.proof === null ? requester : context.proof.by;
  const isAbout = (rule: Rule) => names(rule.roles, role) && matches(rule.who, requester, t, "rule");
  const mayAsk = (rule: AllowRule) => asker === requester || matches(rule.onBehalf, asker, t, "onBehalf");
  const isHere = (rule: Rule) => names(rule.environments, environment);
  const allows = policy.rules.filter((rule) => rule.effect === "allow");
  const candidates = allows.filter((rule) => isAbout(rule) && isHere(rule) && mayAsk(rule));

  // Step 2.
  const late: Fault[] = [];
  const requestedAt = ms(spec.requestedAt);
  if (isBefore(note, "requestedAt", now, requestedAt)) late.push(["request-not-yet", null]);
  if (startAt !== null && isBefore(note, "startWithin", requestedAt + duration(policy.startWithin ?? "P7D"), startAt)) {
    late.push(["start-too-late", null]);
  }
  const lapse = Math.max(requestedAt, startAt ?? requestedAt) + duration(policy.activateWithin ?? "PT24H");
  const activateBy = spec.activateBy === undefined ? lapse : Math.min(lapse, ms(spec.activateBy));
  if (!isBefore(note, "activateBy", start, activateBy)) late.push(["request-lapsed", null]);
  const isShown = context.proof !== null && (mode === "author" || context.proof.how === "signature");
  const isHis = asker === requester || (spec.breakGlass !== true && candidates.length > 0);
  if (asker !== requester) seen(note, "asked for somebody else", isHis);
  if (mode !== "none" && !seen(note, `proof: ${mode}`, isShown && isHis)) late.push(["request-unproven", null]);
  if (late.length > 0) return deny(null, late);

  // Step 3.
  const faults: Fault[] = [];
  const denying = policy.rules.filter((rule) => {
    if (rule.effect !== "deny" || !isAbout(rule) || !isHere(rule)) return false;
    return spec.breakGlass !== true || !seen(note, "break-glass passes", rule.breakGlass === true);
  });
  for (const rule of denying) if (seen(note, "deny rule", denies(rule, t, note))) faults.push(["denied", rule.id]);

  // Steps 4 and 5: who speaks, how long it may last, and what else cuts it.
  let speaker: { id: string; length: number; rule: AllowRule | null } | null = null;
  if (spec.breakGlass === true) {
    speaker = judgeBreakGlass();
  } else if (candidates.length > 0) {
    const judged = candidates.map((rule) => judgeCandidate(rule));
    const differing = judged.map(({ ids }) => new Set(ids).size);
    const fewest = Math.min(...differing);
    const first = judged[differing.indexOf(fewest)];
    if (first === undefined) throw new TypeError("no candidate");
    seen(note, "speaks, not the first", fewest > 0 && first !== judged[0]);
    seen(note, "allows, not the first", fewest === 0 && first !== judged[0]);
    seen(note, "speaks with one id twice", new Set(first.ids).size < first.ids.length);
    for (const id of first.ids) faults.push([id, first.rule.id]);
    speaker = { id: first.rule.id, length: first.length, rule: first.rule };
  } else {
    faults.push([allows.some(isAbout) ? "environment-not-allowed" : "not-eligible", null]);
  }
  if (spec.breakGlass !== true) {
    const rejecting = Object.keys(directory.people).filter((person) =>
      allows.some(
        (rule) => names(rule.roles, role) && isHere(rule) && isRejecting(verdicts(), rule, person, matches, note),
      ),
    );
    for (const _ of rejecting) faults.push(["rejected", null]);
  }

  // Step 6.
  const mine = live.filter((grant) => grant.requester === requester);
  const others = live.filter((grant) => grant !== extended);
  const { perPerson, perRole } = policy.limits ?? {};
  const isOver = (limit: string, count: number, most: number | undefined) => {
    if (most !== undefined) note?.(`${limit}: ${count < most ? "before" : count === most ? "exactly" : "after"}`);
    return most !== undefined && count > most;
  };
  const ownOnes = others.filter((grant) => grant.requester === requester);
  if (isOver("perPerson.live", ownOnes.length + 1, perPerson?.live)) faults.push(["limit-exceeded", null]);
  const sameRole = others.filter((grant) => grant.role === role && grant.environment === environment);
  const most = perRole !== undefined && Object.hasOwn(perRole, role) ? perRole[role]?.live : undefined;
  if (isOver("perRole.live", sameRole.length + 1, most)) faults.push(["limit-exceeded", null]);
  const held = perPerson?.heldPer;
  if (
    held !== undefined &&
    seen(note, "heldPer is judged", speaker !== null && !faults.some(([id]) => id === "denied"))
  ) {
    const end = expiry();
    const from = end - duration(held.window);
    const inWindow = (one: number, other: number) => Math.max(0, Math.min(other, end) - Math.max(one, from));
    const ended = history.filter((grant) => grant.requester === requester);
    const sum =
      ended.reduce((total, { activatedAt, endedAt }) => total + inWindow(activatedAt, endedAt), 0) +
      mine.reduce((total, { activatedAt, expiresAt }) => total + inWindow(activatedAt, Math.max(expiresAt, now)), 0) +
      inWindow(t, end);
    if (isBefore(note, "heldPer", duration(held.max), sum)) faults.push(["limit-exceeded", null]);
  }
  const lists = (policy.conflicts ?? []).filter((list) => list.includes(role));
  const isKept = ({ role: other }: LiveGrant) => other !== role && lists.some((list) => list.includes(other));
  if (lists.length > 0) seen(note, "conflict", mine.some(isKept));
  const places = new Set(mine.filter(isKept).map((grant) => `${grant.role} ${grant.environment}`));
  for (const _ of places) faults.push(["conflicting-roles", null]);
  if (spec.extends !== undefined) faults.push(...extensionFaults());
  const kind = targets?.[environment]?.kind ?? "";
  if (!Object.hasOwn(directory.people[requester]?.identities ?? {}, kind)) faults.push(["no-identity", null]);

  if (faults.length > 0) return deny(speaker?.id ?? null, faults);
  return { outcome: "allow", rule: speaker?.id ?? null, activatesAt: t, expiresAt: expiry(), violations: [] };

  function judgeBreakGlass(): typeof speaker {
    const breakGlass = policy.breakGlass;
    if (!seen(note, "breakGlass is in the policy", breakGlass !== undefined) || breakGlass === undefined) {
      faults.push(["break-glass-not-allowed", null]);
      return null;
    }
    const says = (id: string) => faults.push([id, "breakGlass"]);
    if (!matches(breakGlass.who, requester, t, "breakGlass")) says("break-glass-not-allowed");
    if (!names(breakGlass.roles, role)) says("break-glass-not-allowed");
    if (!names(breakGlass.environments, environment)) says("break-glass-not-allowed");
    const max = capped(breakGlass.maxDuration);
    const length = spec.duration === undefined ? max : duration(spec.duration);
    if (isBefore(note, "break-glass max", max, length)) says("duration-too-long");
    for (const id of reasonFaults(breakGlass.reason)) says(id);
    const unreviewed = [...live, ...history].filter(
      (grant) => grant.requester === requester && grant.breakGlass === true && grant.reviewedAt === undefined,
    );
    const within = duration(breakGlass.review.within);
    const isLate = unreviewed.some(({ activatedAt }) => !isBefore(note, "review.within", now, activatedAt + within));
    const isMany = !isOverBefore("unreviewed", unreviewed.length, breakGlass.unreviewed ?? 2);
    if (isLate || isMany) says("break-glass-review-overdue");
    return { id: "breakGlass", length, rule: null };
  }

  function isOverBefore(name: string, count: number, block: number): boolean {
    note?.(`${name}: ${count < block ? "before" : count === block ? "exactly" : "after"}`);
    return count < block;
  }

  function judgeCandidate(rule: AllowRule): { rule: AllowRule; ids: string[]; length: number } {
    const ids: string[] = [];
    const asked = askedBy(rule);
    const max = capped(rule.duration.max);
    if (isBefore(note, "min", asked, duration(rule.duration.min ?? "PT1M"))) ids.push("duration-too-short");
    const isLonger = isBefore(note, "max", max, asked);
    if (isLonger && !seen(note, "clamp", rule.duration.clamp === true)) ids.push("duration-too-long");
    const { hours } = rule;
    if (hours !== undefined) {
      const isOpenNow = isOpen(hours, extended === null ? t : now);
      const isOpenThen = extended === null || hours.mode !== "hold" || isOpen(hours, t);
      if (extended !== null && hours.mode === "hold" && isOpenNow) seen(note, "extension begins in hours", isOpenThen);
      if (!seen(note, "hours", isOpenNow && isOpenThen)) ids.push("outside-hours");
    }
    ids.push(...reasonFaults(rule.reason));
    if (rule.ticket !== undefined) {
      if (spec.ticket === undefined) ids.push("ticket-required");
      else if (!new RegExp(rule.ticket.matches, "u").test(spec.ticket)) ids.push("ticket-invalid");
    }
    const length = lengthBy(rule);
    if (rule.approvals !== undefined) {
      const isApproved = areApproved(verdicts(), rule, length, now, matches, note);
      if (!seen(note, "approvals", isApproved)) ids.push("approvals-missing");
    }
    if (rule.cooldown !== undefined && extended === null) {
      const cooldown = duration(rule.cooldown);
      const isCooling = history.some(
        (grant: EndedGrant) =>
          grant.requester === requester &&
          grant.rule === rule.id &&
          isBefore(note, "cooldown", t, grant.endedAt + cooldown),
      );
      if (isCooling) ids.push("cooling-down");
    }
    return { rule, ids, length };
  }

  function reasonFaults(reason: AllowRule["reason"]): string[] {
    const trimmed = spec.reason.replace(/^\p{White_Space}+/u, "").replace(/\p{White_Space}+$/u, "");
    const ids: string[] = [];
    if (reason?.minLength !== undefined && !isOverBefore("minLength", reason.minLength - 1, [...trimmed].length)) {
      ids.push("reason-insufficient");
    }
    if (reason?.matches !== undefined && !new RegExp(reason.matches, "u").test(spec.reason)) {
      ids.push("reason-insufficient");
    }
    return ids;
  }

  function capped(max: string): number {
    const most = policy.environments[environment]?.maxDuration;
    return Math.min(duration(max), most === undefined ? Number.POSITIVE_INFINITY : duration(most));
  }

  function askedBy(rule: AllowRule): number {
    const asked = spec.duration ?? rule.duration.default;
    return asked === undefined ? capped(rule.duration.max) : duration(asked);
  }

  /** For how long the rule would grant, before anything cuts it. */
  function lengthBy(rule: AllowRule): number {
    const asked = askedBy(rule);
    return rule.duration.clamp === true ? Math.min(asked, capped(rule.duration.max)) : asked;
  }

  /** What people said that can count, of anybody's rule. */
  function verdicts(): Verdict[] {
    const meant = roleDigest(policy, request);
    return (context.approvals ?? []).flatMap(({ approver, verdict, at, role: shown, upTo, imported }) => {
      if (!Object.hasOwn(directory.people, approver)) return [];
      if (seen(note, "by the requester", approver === requester)) return [];
      if (seen(note, "by who asked", approver === context.proof?.by)) return [];
      if (isBefore(note, "said before it was asked", at, requestedAt)) return [];
      if (isBefore(note, "said later", now, at)) return [];
      const isMeant = shown === undefined || seen(note, "means today's role", shown === meant);
      return [{ person: approver, verdict, at, isMeant, upTo: upTo ?? null, isImported: imported === true }];
    });
  }

  function extensionFaults(): Fault[] {
    if (extended === null) return [["extension-not-allowed", null]];
    const extensions = speaker?.rule?.extensions;
    const fault: Fault = ["extension-not-allowed", speaker?.id ?? null];
    if (!seen(note, "rule has extensions", extensions !== undefined) || extensions === undefined) return [fault];
    const isFewer = isOverBefore("extensions.max", extended.extensions ?? 0, extensions.max);
    const isLonger = isBefore(note, "extensions.upTo", duration(extensions.upTo), speaker?.length ?? 0);
    return [...(isFewer ? [] : [fault]), ...(isLonger ? [fault] : [])];
  }

  /** `t` and the length, cut where hours that are held to close and where a window that denies begins. */
  function expiry(): number {
    const length = speaker?.length ?? 0;
    const held = speaker?.rule?.hours;
    const isHeld = held?.mode === "hold" && isOpen(held, t);
    let end = Math.floor(t / MINUTE + 1) * MINUTE;
    let cut: string | null = null;
    while (end < t + length && cut === null) {
      if (isHeld && held !== undefined && !isOpen(held, end)) cut = "hours";
      else if (denying.some((rule) => denies(rule, end))) cut = "deny rule";
      else end += MINUTE;
    }
    if (isHeld) seen(note, "cut by hours", cut === "hours");
    if (denying.length > 0) seen(note, "cut by a deny rule", cut === "deny rule");
    return Math.min(end, t + length);
  }
}

/** The live grant that the request prolongs; null where it names none that it could. */
function extendedBy({ request: { spec } }: Documents, live: readonly LiveGrant[], note?: Note): LiveGrant | null {
  if (spec.extends === undefined) return null;
  const grant = live.find(({ request }) => request === spec.extends);
  if (grant === undefined || !seen(note, "extends no break-glass", grant.breakGlass !== true)) return null;
  const isSame =
    seen(note, "extends one's own", grant.requester === spec.requester) &&
    seen(note, "extends the role", grant.role === spec.role) &&
    seen(note, "extends in its environment", grant.environment === spec.environment);
  return isSame ? grant : null;
}

function deny(rule: string | null, faults: readonly Fault[]): Answer {
  const violations = faults.map(([id, about]) => (about === null ? id : `${id} ${about}`)).sort();
  return { outcome: "deny", rule, activatesAt: null, expiresAt: null, violations };
}
