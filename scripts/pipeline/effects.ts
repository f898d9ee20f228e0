// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { Decision, Judge } from "@elevation/domain";
import type { GrantRecord, JournalView } from "@elevation/journal";
import { type Effect, type Target, type Where, whereOf } from "@elevation/provider/lifecycle";
import { readRequestFiles } from "@elevation/provider/loader";
import { chooseRequests } from "@elevation/provider/loader/choose-requests";
import { createTargets } from "@elevation/provider/targets";
import type { Stack } from "./job";

/** What a pull request would do to one stack. */
export interface Effects {
  readonly stack: string;
  /** Requests that are not live yet: what is decided on each, and what it does at its target if it is allowed. */
  readonly requests: readonly Asked[];
  /** Files of this pull request that can open nothing: lapsed, or dated before the journal. */
  readonly spent: readonly Spent[];
  /** Grants that are live and whose files are gone. */
  readonly withdrawn: readonly Withdrawn[];
  /** How many files are of live grants, and of requests that ended or lapsed: nothing changes for them. */
  readonly untouched: number;
}

export interface Asked {
  readonly origin: string;
  readonly name: string;
  readonly requester: string;
  readonly role: string;
  readonly environment: string;
  readonly reason: string;
  readonly decision: Decision;
  readonly effect: Effect | null;
  /** Why an allowed request is not granted by this version. */
  readonly unserved: boolean;
}

export interface Spent {
  readonly origin: string;
  readonly name: string;
  readonly decision: Decision;
}

export interface Withdrawn {
  readonly name: string;
  readonly requester: string;
  readonly expiresAt: string;
  readonly effect: Effect | null;
}

/** What the effects are worked out from. */
export interface EffectsOf {
  /** A project's root with the pull request's files in `stacks/requests`. */
  readonly root: string;
  /** Digests of the files that the protected branch has; null: not known, so all count as new. */
  readonly base: ReadonlySet<string> | null;
  readonly project: string;
  readonly organization: string;
  readonly documents: Judge;
  readonly view: JournalView | null;
  readonly now: number;
}

/**
 * The same choice that the deploy will make, on the same inputs as far as they are known now. Throws GrantError with all
 * problems of the request files.
 */
export function effectsOn(stack: Stack, of: EffectsOf): Effects {
  const { documents, view, now } = of;
  const files = readRequestFiles(join(of.root, "stacks", "requests"));
  const choice = chooseRequests(files, {
    ...{ documents, view, now, served: stack.environments, deploying: true },
    stack: { organization: of.organization, project: of.project, stack: stack.name },
  });
  const targets = createTargets({});
  const isLive = (digest: string): boolean => view?.grant(digest as never)?.status === "live";
  const fresh = [
    ...choice.denied.map((judged) => ({ ...judged, unserved: false })),
    ...choice.declare
      .filter(({ file }) => !isLive(file.document.digest))
      .map((judged) => ({ ...judged, unserved: false })),
    ...choice.unserved.map((judged) => ({ ...judged, unserved: true })),
  ];
  const requests = fresh.map(({ file, decision, unserved }): Asked => {
    const { metadata, spec } = file.document.value;
    const { requester, role, environment, reason } = spec;
    const isGranted = decision.outcome === "allow" && !unserved;
    const where = isGranted ? whereOf(targets, file.document.value, documents) : null;
    const effect = where === null ? null : effectOf(targets, where, view);
    return {
      origin: file.origin,
      name: metadata.name,
      requester,
      role,
      environment,
      reason,
      decision,
      effect,
      unserved,
    };
  });
  const digests = new Set<string>(files.map(({ document }) => document.digest));
  const isNew = (digest: string): boolean => of.base === null || !of.base.has(digest);
  const spent = choice.inert.filter(
    ({ file }) => isNew(file.document.digest) && view?.grant(file.document.digest)?.status !== "ended",
  );
  return {
    stack: stack.name,
    requests,
    spent: spent.map(({ file, decision }) => ({
      origin: file.origin,
      name: file.document.value.metadata.name,
      decision,
    })),
    withdrawn: withdrawnFrom(stack, of, digests, targets),
    untouched:
      choice.declare.filter(({ file }) => isLive(file.document.digest)).length + choice.inert.length - spent.length,
  };
}

/** A preview can't ask the target: that the person holds the role by other means is known from her last grant of it. */
function effectOf(targets: ReadonlyMap<string, Target>, where: Where, view: JournalView | null): Effect | null {
  const effect = targets.get(where.kind)?.effect(where) ?? null;
  if (effect === null) return null;
  const isSame = ({ intent: { place } }: GrantRecord): boolean =>
    (["kind", "connection", "role", "identity"] as const).every((key) => place[key] === where[key]);
  const alreadyHeld = [...(view?.grants ?? [])].findLast(isSame)?.intent.alreadyHeld;
  return alreadyHeld === undefined ? effect : { ...effect, alreadyHeld };
}

function withdrawnFrom(
  stack: Stack,
  { view, project, base }: EffectsOf,
  declared: ReadonlySet<string>,
  targets: ReadonlyMap<string, Target>,
): readonly Withdrawn[] {
  const isGone = ({ status, digest, intent }: GrantRecord): boolean =>
    status === "live" &&
    intent.origin !== null &&
    intent.project === project &&
    intent.stack === stack.name &&
    (base === null || base.has(digest)) &&
    !declared.has(digest);
  return [...(view?.grants ?? [])].filter(isGone).map(({ intent }) => ({
    name: intent.request.metadata.name,
    requester: intent.requester,
    expiresAt: intent.expiresAt,
    effect: targets.get(intent.place.kind)?.effect(intent.place) ?? null,
  }));
}
