// SPDX-License-Identifier: Apache-2.0
import { type Digest, formatInstant, type Instant, parseInstant } from "@elevation/domain";
import type { GrantRecord, JournalView } from "@elevation/journal";
import { isBehind, type StackLock, type Survey, type SurveyedStack } from "@elevation/reaper/stacks";

/** What `elevate stacks --json` prints (docs/cli.md): fields are added, never changed. */
export interface StacksReport {
  readonly journal: string;
  readonly project: string;
  readonly at: string;
  /** Why the backend could not be asked. */
  readonly problem: string | null;
  /** By project and name. */
  readonly stacks: readonly StackReport[];
}

export interface StackReport {
  readonly project: string;
  readonly stack: string;
  /** Whether it has a file `stacks/Pulumi.<stack>.yaml`; null: it is another project's, and only the journal was asked. */
  readonly file: boolean | null;
  readonly environments: readonly string[];
  /** How many of its grants are live, how many of those past their end, and when the next ends. */
  readonly live: number;
  readonly overdue: number;
  readonly nextEnd: string | null;
  /** How many Grants its state holds; null where that can't be known. */
  readonly held: number | null;
  /** In the state, and ended: a refresh drops them. */
  readonly ended: readonly { readonly request: string; readonly name: string; readonly urn: string }[] | null;
  /** Live, and in no state: the next `up` adopts what is declared, and the reaper ends it at its end. */
  readonly missing: readonly MissingGrant[] | null;
  readonly updatedAt: string | null;
  readonly refreshedAt: string | null;
  readonly locks: readonly StackLock[] | null;
  readonly problems: readonly string[];
}

export interface MissingGrant {
  readonly request: string;
  readonly name: string | null;
  readonly requester: string;
  readonly expiresAt: string;
}

/** What backend and journal say of stacks, at an instant. */
export function stacksReport(
  { journal, project, at }: { readonly journal: string; readonly project: string; readonly at: Instant },
  survey: Survey,
  view: JournalView,
): StacksReport {
  const live = liveByStack(view);
  const anywhere = new Set(survey.stacks.flatMap(({ held }) => (held ?? []).map(({ digest }) => digest)));
  const ours = survey.stacks.map((surveyed) => {
    const key = keyOf(project, surveyed.name);
    const grants = live.get(key) ?? [];
    live.delete(key);
    return ourStack(project, surveyed, grants, { view, at, anywhere });
  });
  const others = [...live.values()].map((grants) => journaledStack(project, grants, at));
  const stacks = [...ours, ...others].sort((one, other) =>
    keyOf(one.project, one.stack) < keyOf(other.project, other.stack) ? -1 : 1,
  );
  return { journal, project, at: formatInstant(at), problem: survey.problem, stacks };
}

interface Known {
  readonly view: JournalView;
  readonly at: Instant;
  readonly anywhere: ReadonlySet<Digest>;
}

function ourStack(
  project: string,
  { name, hasFile, held, ...surveyed }: SurveyedStack,
  grants: readonly GrantRecord[],
  { view, at, anywhere }: Known,
): StackReport {
  const ended = held?.filter((grant) => isBehind(grant, view));
  return {
    ...{ project, stack: name, file: hasFile, environments: surveyed.environments },
    ...ends(grants, at),
    held: held?.length ?? null,
    ended: ended?.map(({ digest, name: grant, urn }) => ({ request: digest, name: grant, urn })) ?? null,
    missing: held === null ? null : grants.filter(({ digest }) => !anywhere.has(digest)).map(missingGrant),
    ...{ updatedAt: surveyed.updatedAt, refreshedAt: surveyed.refreshedAt, locks: surveyed.locks },
    problems: surveyed.problems,
  };
}

/** A stack of which only the journal tells: another project's, or one of ours that has neither file nor state any more. */
function journaledStack(project: string, grants: readonly GrantRecord[], at: Instant): StackReport {
  const [first] = grants;
  const where = first?.stack;
  const isOurs = where?.project === project;
  return {
    ...{ project: where?.project ?? "", stack: where?.stack ?? "", file: isOurs ? false : null, environments: [] },
    ...ends(grants, at),
    ...{ held: null, ended: null, missing: isOurs ? grants.map(missingGrant) : null },
    ...{ updatedAt: null, refreshedAt: null, locks: null, problems: [] },
  };
}

function ends(grants: readonly GrantRecord[], at: Instant): Pick<StackReport, "live" | "overdue" | "nextEnd"> {
  const all = grants.map(({ intent }) => parseInstant(intent.expiresAt) ?? at);
  const upcoming = all.filter((end) => end > at);
  return {
    live: grants.length,
    overdue: all.length - upcoming.length,
    nextEnd: upcoming.length === 0 ? null : formatInstant(Math.min(...upcoming)),
  };
}

function missingGrant({ digest, intent }: GrantRecord): MissingGrant {
  // NB. Nothing has looked into the request of an intent when the journal was read.
  const name: unknown = (intent.request as { metadata?: { name?: unknown } }).metadata?.name;
  const { requester, expiresAt } = intent;
  return { request: digest, name: typeof name === "string" ? name : null, requester, expiresAt };
}

function liveByStack(view: JournalView): Map<string, GrantRecord[]> {
  const stacks = new Map<string, GrantRecord[]>();
  for (const record of view.grants) {
    if (record.status !== "live") continue;
    const key = keyOf(record.stack.project, record.stack.stack);
    const known = stacks.get(key);
    if (known === undefined) stacks.set(key, [record]);
    else known.push(record);
  }
  return stacks;
}

function keyOf(project: string, stack: string): string {
  return `${project}/${stack}`;
}
