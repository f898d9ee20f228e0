// SPDX-License-Identifier: Apache-2.0
import type { CompiledPolicy } from "../compiled-policy";
import { formatDuration } from "../duration";

/** A change of what the policy says beside its rules. `from` and `to` are null where it says nothing. */
export interface SettingChange {
  /** As in `limits.perPerson.live`. */
  readonly setting: string;
  readonly from: string | null;
  readonly to: string | null;
  /** Whether somebody may get what they couldn't. */
  readonly widened: boolean;
  readonly narrowed: boolean;
  /** The roles that it is about; null: all. */
  readonly roles: readonly string[] | null;
}

/** What changes for requests of any sort: how they are proven, when they lapse, how much may be held at once, what excludes what. */
export function settingChanges(old: CompiledPolicy, now: CompiledPolicy): readonly SettingChange[] {
  // Of a role that is new or gone all that it gives is told anyway. NB. Grants of one that is gone may be live: what they kept their
  // holders from is told of the role that stays.
  const isOnBoth = ({ roles }: SettingChange) =>
    roles === null || roles.some((role) => old.targets.has(role) && now.targets.has(role));
  return allChanges(old, now).filter(isOnBoth);
}

function allChanges(old: CompiledPolicy, now: CompiledPolicy): readonly SettingChange[] {
  return [
    ...proof(old, now),
    ...most("startWithin", old.startWithin.milliseconds, now.startWithin.milliseconds, formatDuration),
    ...most("activateWithin", old.activateWithin, now.activateWithin, formatDuration),
    ...most("limits.perPerson.live", old.limits.livePerPerson, now.limits.livePerPerson, String),
    ...heldPer(old, now),
    ...keysOf(old.limits.livePerRole, now.limits.livePerRole).flatMap((role) =>
      most(
        `limits.perRole.${role}.live`,
        old.limits.livePerRole.get(role) ?? null,
        now.limits.livePerRole.get(role) ?? null,
        String,
        [role],
      ),
    ),
    ...keysOf(old.maxOutlives, now.maxOutlives).flatMap((role) =>
      most(
        `roles.${role}.maxOutlive`,
        old.maxOutlives.get(role)?.milliseconds ?? null,
        now.maxOutlives.get(role)?.milliseconds ?? null,
        formatDuration,
        [role],
      ),
    ),
    ...conflicts(old, now),
  ];
}

/** A limit: null is none, and less of it is less. */
function most(
  setting: string,
  from: number | null,
  to: number | null,
  text: (value: number) => string,
  roles: readonly string[] | null = null,
): SettingChange[] {
  if (from === to) return [];
  const [before, after] = [from ?? Number.POSITIVE_INFINITY, to ?? Number.POSITIVE_INFINITY];
  return [
    {
      setting,
      from: from === null ? null : text(from),
      to: to === null ? null : text(to),
      widened: after > before,
      narrowed: after < before,
      roles,
    },
  ];
}

const PROOFS = ["none", "author", "signature"];

function proof({ proof: from }: CompiledPolicy, { proof: to }: CompiledPolicy): SettingChange[] {
  if (from === to) return [];
  const widened = PROOFS.indexOf(to) < PROOFS.indexOf(from);
  return [{ setting: "requests.proof", from, to, widened, narrowed: !widened, roles: null }];
}

function heldPer(
  { limits: { heldPer: from } }: CompiledPolicy,
  { limits: { heldPer: to } }: CompiledPolicy,
): SettingChange[] {
  const text = (limit: typeof from) =>
    limit === null ? null : `${formatDuration(limit.max.milliseconds)} in ${formatDuration(limit.window.milliseconds)}`;
  if (text(from) === text(to)) return [];
  const isNoMore = (one: typeof from, other: typeof from) =>
    other === null ||
    (one !== null &&
      one.max.milliseconds <= other.max.milliseconds &&
      one.window.milliseconds >= other.window.milliseconds);
  const [widened, narrowed] = [!isNoMore(to, from), !isNoMore(from, to)];
  return [{ setting: "limits.perPerson.heldPer", from: text(from), to: text(to), widened, narrowed, roles: null }];
}

const NOBODY: ReadonlySet<string> = new Set();

/** One for each pair of roles that are kept apart on one side alone. */
function conflicts(old: CompiledPolicy, now: CompiledPolicy): SettingChange[] {
  return keysOf(old.conflicts, now.conflicts).flatMap((role) => {
    const [before, after] = [old.conflicts.get(role) ?? NOBODY, now.conflicts.get(role) ?? NOBODY];
    const others = [...new Set([...before, ...after])].filter(
      (other) => role < other && before.has(other) !== after.has(other),
    );
    return others.map((other) => {
      const widened = before.has(other);
      const text = `${role} and ${other} are never held together`;
      const roles = [role, other];
      return {
        setting: "conflicts",
        from: widened ? text : null,
        to: widened ? null : text,
        widened,
        narrowed: !widened,
        roles,
      };
    });
  });
}

function keysOf(...maps: readonly ReadonlyMap<string, unknown>[]): readonly string[] {
  return [...new Set(maps.flatMap((map) => [...map.keys()]))];
}
