// SPDX-License-Identifier: Apache-2.0
import {
  type Digest,
  type EndedGrant,
  type EventData,
  formatInstant,
  type JournalEvent,
  type LiveGrant,
  type NewEvent,
  type Request,
  requestDigestOf,
} from "@elevation/domain";
import type { World, Written } from "../differential/world";
import { aDigest, anIntent, JOB } from "./journal-events";

/**
 * The events that tell of a case's earlier grants, and what those grants' requests are called in them: by the digests of
 * requests of their own, by the name that the case has for them.
 */
export function journaledPast({ live, history }: World): {
  readonly events: readonly NewEvent[];
  readonly digests: ReadonlyMap<string, Digest>;
} {
  const digests = new Map<string, Digest>();
  const events = [...live, ...history].flatMap((grant, index): NewEvent[] => {
    const intent = intentOf(grant, `earlier-${index}`);
    const digest = requestDigestOf(intent.request);
    if (grant.request !== undefined) digests.set(grant.request, digest);
    const begun = { at: intent.activatedAt, request: digest, actor: JOB };
    const events: NewEvent[] = [
      { ...begun, type: "activating", data: intent },
      { ...begun, type: "activated", data: { adopted: false } },
    ];
    if (!("endedAt" in grant)) return events;
    const endedAt = formatInstant((grant as EndedGrant).endedAt);
    return [
      ...events,
      { ...begun, at: endedAt, type: "revoked", data: { cause: "withdrawn", endedAt, sessionsEnded: 0 } },
    ];
  });
  return { events, digests };
}

function intentOf(grant: Written<LiveGrant>, name: string): EventData["activating"] {
  const { requester, role, environment } = grant;
  const [activatedAt, expiresAt] = [formatInstant(grant.activatedAt), formatInstant(grant.expiresAt)];
  const spec = { requester, role, environment, requestedAt: activatedAt, reason: "Earlier" };
  const request: Request = {
    apiVersion: "elevation/v1",
    kind: "Request",
    metadata: { name },
    spec: grant.breakGlass === true ? { ...spec, breakGlass: true } : spec,
  };
  const documents = { policyDigest: aDigest(-1), directoryDigest: aDigest(-2) };
  return anIntent({
    requester,
    role,
    environment,
    rule: grant.rule ?? null,
    activatedAt,
    expiresAt,
    request,
    ...documents,
  });
}

/** What a journal's events up to an instant say of all grants but the request's own, as decide() takes it. */
export function pastOf(
  events: readonly JournalEvent[],
  until: string,
  own: Digest,
): { readonly live: readonly LiveGrant[]; readonly history: readonly EndedGrant[] } {
  const live = new Map<string, LiveGrant>();
  const history: EndedGrant[] = [];
  const extensions = new Map<string, number>();
  for (const { at, type, request, data } of events) {
    if (at > until || request === null || request === own) continue;
    const grant = live.get(request);
    if (type === "activating") live.set(request, liveGrant(request, data as EventData["activating"], extensions));
    if (grant !== undefined && (type === "failed" || type === "revoked" || type === "expired")) live.delete(request);
    if (grant !== undefined && (type === "revoked" || type === "expired"))
      history.push({ ...grant, endedAt: Date.parse((data as EventData["revoked"]).endedAt) });
  }
  return { live: [...live.values()], history };
}

function liveGrant(digest: Digest, intent: EventData["activating"], extensions: Map<string, number>): LiveGrant {
  const { requester, role, environment, rule, request } = intent;
  const prolonged = request.spec.extends;
  if (prolonged !== undefined) extensions.set(digest, (extensions.get(prolonged) ?? 0) + 1);
  const count = extensions.get(digest);
  return {
    ...{ requester, role, environment, request: digest },
    ...{ activatedAt: Date.parse(intent.activatedAt), expiresAt: Date.parse(intent.expiresAt) },
    ...(rule === null ? {} : { rule }),
    ...(count === undefined ? {} : { extensions: count }),
    ...(request.spec.breakGlass === true ? { breakGlass: true } : {}),
  };
}
