// SPDX-License-Identifier: Apache-2.0
import type { Instant } from "@elevation/domain";
import { type Heard, type JournalView, orphanKey } from "@elevation/journal";
import type { Passed, Reaped, Reconciliation } from "@elevation/provider/lifecycle";
import { grantOf, keyOf, silentOthers } from "./news";
import { ALARMING, isAlarm, type News } from "./notice";

/** How often somebody is reminded of a silence, in milliseconds. */
const REMINDED = 3_600_000;

/** What a pass goes by that has no memory of the one before. */
export interface PassedOn {
  /** Of the journal after the pass; null where it can't be read. */
  readonly view: JournalView | null;
  /** What is heard of others; null where that isn't known. */
  readonly heard: Heard | null;
  /** The slot of whoever asks. */
  readonly own: string;
  /** How long ago the last pass was, in milliseconds. */
  readonly every: number;
  readonly now: Instant;
}

/** What a pass came to, as far as it may be news. */
export interface NewsworthyPass extends Pick<Passed, "reaped" | "untrusted"> {
  readonly orphans: Reconciliation["orphans"];
}

/** What is news of one pass. That nothing is told with every pass, the journal says how often an end has failed. */
export function newsOfPass(
  { reaped, orphans, untrusted }: NewsworthyPass,
  { view, heard, own, every, now }: PassedOn,
): readonly News[] {
  const news: News[] = reaped.flatMap((grant) => ofGrant(grant, view?.grant(grant.digest)?.stuck?.tries ?? 0));
  if (untrusted !== null) news.push({ event: "journal-untrusted", key: "journal", about: { reason: untrusted } });
  const fresh = new Set(orphans.filter(({ isNews }) => isNews).map(({ place }) => orphanKey(place)));
  for (const orphan of view?.orphans ?? []) {
    const key = orphanKey(orphan);
    if (fresh.has(key)) news.push({ event: "orphan", key: `orphan:${key}`, about: { ...orphan } });
  }
  for (const { since, ...silence } of heard === null ? [] : silentOthers(heard, own, now)) {
    if ((now - since) % REMINDED < every) news.push(silence);
  }
  return news;
}

function ofGrant(grant: Reaped, tries: number): readonly News[] {
  const { digest, outcome, cause, expiresAt, reason, residue } = grant;
  const about = grantOf(grant);
  if (outcome === "unrecorded" || outcome === "stuck") {
    // What can't be recorded is counted nowhere.
    if (outcome === "stuck" && !isAlarm(tries)) return [];
    const failures = outcome === "stuck" ? tries : null;
    const failed = { ...about, outcome, cause, expiresAt, reason, failures, again: null };
    return [{ event: "alarm", key: keyOf(digest), about: failed }];
  }
  const clear: News = { event: "all-clear", key: keyOf(digest), about: { ...about, outcome } };
  const left: News = { event: "residue", key: `residue:${digest}`, about: { ...about, residue } };
  return [...(tries < ALARMING ? [] : [clear]), ...(residue.length === 0 ? [] : [left])];
}
