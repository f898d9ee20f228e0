// SPDX-License-Identifier: Apache-2.0
import {
  type DecisionContext,
  type Digest,
  decide,
  formatInstant,
  type Instant,
  type Judge,
  parseRequest,
  type Violation,
  type ViolationId,
} from "@elevation/domain";
import type { GrantRecord, JournalView } from "@elevation/journal";
import { approvalsOf } from "./replay";

/** A live grant that the change would deny, if it were asked for today. */
export interface LiveChange {
  /** The request's digest. */
  readonly request: Digest;
  readonly name: string;
  readonly requester: string;
  readonly role: string;
  readonly environment: string;
  readonly expiresAt: string;
  /** Whether it must end at once: the person left, or a deny rule matches (design §6 "Judged again"). Otherwise it lives on. */
  readonly ends: boolean;
  /** What the new side has against it and the old one hasn't. */
  readonly violations: readonly Violation[];
}

const ENDING: ReadonlySet<ViolationId> = new Set(["unknown-requester", "denied"] as const);

/**
 * The live grants of a journal that the new side denies at an instant and the old one doesn't: each judged as if it were asked for then
 * by its requester, as a grant of its own, beside what else is live and with the approvals that were given to it.
 */
export function liveChanges(
  view: JournalView,
  [old, now]: readonly [Judge, Judge],
  at: Instant,
): readonly LiveChange[] {
  const links = linksOf(view);
  return [...view.grants].flatMap((record) => {
    if (record.status !== "live") return [];
    const known = knownOf(record.digest, view, links, at);
    const before = new Set(against(record, known, old, at).map(keyOf));
    const violations = against(record, known, now, at).filter((violation) => !before.has(keyOf(violation)));
    if (violations.length === 0) return [];
    const { digest, intent } = record;
    const { environment, expiresAt, requester, role } = intent;
    const ends = violations.some(({ id }) => ENDING.has(id));
    const name = intent.request.metadata.name;
    return [{ request: digest, name, requester, role, environment, expiresAt, ends, violations }];
  });
}

function against(
  { intent }: GrantRecord,
  known: Known,
  { directory, policy }: Judge,
  at: Instant,
): readonly Violation[] {
  const { activateBy: _, extends: __, startAt: ___, ...spec } = intent.request.spec;
  const request = parseRequest({ ...intent.request, spec: { ...spec, requestedAt: formatInstant(at) } }, "journal");
  const proof = { by: intent.requester, how: "signature" } as const;
  return decide(policy.value, directory.value, request, { now: at, proof, ...known }).violations;
}

type Known = Pick<DecisionContext, "approvals" | "history" | "live">;

/** What a grant of a request is judged by, as if it weren't there. */
function knownOf(digest: Digest, view: JournalView, links: readonly Link[], at: Instant): Known {
  const chain = chainOf(digest, links);
  return {
    approvals: approvalsOf(view.lastDecision(digest), at),
    live: view.live.filter((grant) => grant.request === undefined || !chain.has(grant.request)),
    history: view.history,
  };
}

/** The request of a grant, and that of the one that it prolongs. */
type Link = readonly [string, string];

function linksOf(view: JournalView): readonly Link[] {
  return [...view.grants].flatMap(({ digest, intent }): Link[] => {
    const { extends: prolonged } = intent.request.spec;
    return prolonged === undefined ? [] : [[digest, prolonged]];
  });
}

/** A grant, and those that it prolongs or that prolong it: they are one access, and none stands in the way of another. */
function chainOf(digest: Digest, links: readonly Link[]): ReadonlySet<string> {
  const chain = new Set<string>([digest]);
  // A set that grows while it is walked visits what was added.
  for (const each of chain) {
    for (const [one, other] of links) {
      if (one === each) chain.add(other);
      if (other === each) chain.add(one);
    }
  }
  return chain;
}

/** Two limits, of one id, are told apart by what they are about. */
function keyOf({ id, path, rule }: Violation): string {
  return `${id} ${rule} ${path}`;
}
