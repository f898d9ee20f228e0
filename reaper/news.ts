// SPDX-License-Identifier: Apache-2.0
import { type Digest, formatInstant, type Instant } from "@elevation/domain";
import {
  type GrantRecord,
  type Heard,
  isHeard,
  type JournalView,
  orphanKey,
  silences,
  slotOf,
} from "@elevation/journal";
import type { Reaped } from "@elevation/provider/lifecycle";
import type { DrillEvent } from "./drill/drill-event";
import { DrillNews } from "./drill/drill-news";
import { ALARMING, isAlarm, type News } from "./notice";
import type { ReaperEvent } from "./reaper";

/** Who was silent for so long is forgotten, in milliseconds: it was taken down without a word. */
const FORGOTTEN = 30 * 86_400_000;

/** Finds in a reaper's events, and in what is heard of others, what is news for whoever watches over it. */
export class Newsroom {
  readonly #environments: ReadonlySet<string> | null;
  readonly #alarmed = new Set<Digest>();
  /** What was told of residue, by digest, and which orphans were. */
  readonly #residue = new Map<Digest, string>();
  readonly #orphans = new Set<string>();
  readonly #silent = new Map<string, News>();
  readonly #drills = new DrillNews();
  #view: JournalView | null = null;

  /** `environments`: whose grants it is about; null: all. */
  constructor(environments: ReadonlySet<string> | null) {
    this.#environments = environments;
  }

  of(event: ReaperEvent | DrillEvent): readonly News[] {
    switch (event.type) {
      case "read":
        this.#view = event.view;
        return [...this.#residueIn(event.view), ...this.#orphansIn(event.view)];
      case "journal":
        return [
          event.reason === null
            ? { event: "journal-trusted", key: "journal", about: {} }
            : { event: "journal-untrusted", key: "journal", about: { reason: event.reason } },
        ];
      case "failed":
        return this.#failed(event);
      case "ended":
        return this.#ended(event.grant);
      case "drill-failed":
      case "drill-passed":
        return this.#drills.of(event);
      default:
        return [];
    }
  }

  /** What is news in what is heard beside the journal. `own`: the slot of whoever asks. */
  heard(heard: Heard, own: string, now: Instant): readonly News[] {
    const found = new Map(
      [...silentOthers(heard, own, now).map(({ since: _, ...news }) => news), ...this.#unwatched(heard, now)].map(
        (news) => [news.key, news],
      ),
    );
    const news = [...found.values()].filter(({ key }) => !this.#silent.has(key));
    for (const [key, { about }] of this.#silent) {
      if (!found.has(key)) news.push({ event: "silence-over", key, about });
    }
    this.#silent.clear();
    for (const [key, each] of found) this.#silent.set(key, each);
    return news;
  }

  #failed({ grant, failures, again }: Extract<ReaperEvent, { type: "failed" }>): readonly News[] {
    if (!isAlarm(failures)) return [];
    this.#alarmed.add(grant.digest);
    const { outcome, cause, expiresAt, reason } = grant;
    const about = { ...grantOf(grant), outcome, cause, expiresAt, reason, failures, again: formatInstant(again) };
    return [{ event: "alarm", key: keyOf(grant.digest), about }];
  }

  /** Also where another process raised the alarm, as the journal has it. */
  #ended(grant: Reaped): readonly News[] {
    const tries = this.#view?.grant(grant.digest)?.stuck?.tries ?? 0;
    if (!this.#alarmed.delete(grant.digest) && tries < ALARMING) return [];
    return [{ event: "all-clear", key: keyOf(grant.digest), about: { ...grantOf(grant), outcome: grant.outcome } }];
  }

  /** From the journal, whoever found it; once, until it is another or gone. */
  #residueIn(view: JournalView): readonly News[] {
    const news: News[] = [];
    for (const record of view.grants) {
      const { digest, residue } = record;
      const text = residue.join("\n");
      if (text === (this.#residue.get(digest) ?? "") || !this.#isOurs(record)) continue;
      if (text === "") this.#residue.delete(digest);
      else {
        this.#residue.set(digest, text);
        news.push({ event: "residue", key: `residue:${digest}`, about: { ...recordOf(record), residue } });
      }
    }
    return news;
  }

  #orphansIn(view: JournalView): readonly News[] {
    const news: News[] = [];
    const standing = new Set<string>();
    for (const orphan of view.orphans) {
      const record = orphan.request === null ? null : view.grant(orphan.request as Digest);
      if (record !== null && !this.#isOurs(record)) continue;
      const key = `orphan:${orphanKey(orphan)}`;
      standing.add(key);
      if (!this.#orphans.has(key)) news.push({ event: "orphan", key, about: { ...orphan } });
    }
    this.#orphans.clear();
    for (const key of standing) this.#orphans.add(key);
    return news;
  }

  /** Environments that are not ours, with live grants that nobody ends. */
  #unwatched(heard: Heard, now: Instant): readonly News[] {
    const ours = this.#environments;
    if (ours === null) return [];
    const others = (this.#view?.live ?? []).filter(({ environment }) => !ours.has(environment));
    return silences(heard, others, now).map(({ environment, live, since }) => ({
      event: "silence",
      key: `silence:environment:${environment}`,
      about: { environment, live, since: since === null ? null : formatInstant(since) },
    }));
  }

  #isOurs({ intent }: GrantRecord): boolean {
    return this.#environments === null || this.#environments.has(intent.environment);
  }
}

/** Who else was not heard of for two intervals; `since`: when these had passed. */
export function silentOthers(
  { beats }: Heard,
  own: string,
  now: Instant,
): readonly (News & { readonly since: Instant })[] {
  return beats
    .filter((beat) => slotOf(beat) !== own && !beat.stopped && !isHeard(beat, now) && now - beat.at < FORGOTTEN)
    .map((beat) => ({
      since: beat.at + 2 * beat.every,
      event: "silence",
      key: `silence:${slotOf(beat)}`,
      about: {
        ...{ by: beat.by, environments: beat.environments },
        ...{ since: formatInstant(beat.at), everySeconds: beat.every / 1000 },
      },
    }));
}

export function keyOf(digest: Digest): string {
  return `grant:${digest}`;
}

export function grantOf({ digest, name, requester, environment, place }: Reaped) {
  const { kind, connection, role, identity, object } = place;
  return { request: digest, name, requester, environment, target: { kind, connection, role, identity, object } };
}

function recordOf({ digest, intent }: GrantRecord) {
  const { kind, connection, role, identity, object } = intent.place;
  // NB. Nothing has looked into the request of an intent when the journal was read.
  const name: unknown = (intent.request as { metadata?: { name?: unknown } }).metadata?.name;
  const { requester, environment } = intent;
  return {
    ...{ request: digest, name: typeof name === "string" ? name : null, requester, environment },
    target: { kind, connection, role, identity, object },
  };
}
