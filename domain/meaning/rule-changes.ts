// SPDX-License-Identifier: Apache-2.0
import { type CompiledAllow, type CompiledDeny, leavesOf } from "../compiled-policy";
import { formatInstant } from "../instant";
import { breakGlassDemands, type Demands, demandsOf, nameWho } from "./demands";
import { type Acceptor, type Denier, isSameTarget, type Side, type Standing } from "./standing";

/** What became of a rule, or of the target, for somebody; texts for people. `from` and `to` are null where there is nothing. */
export interface RuleChange {
  /** Id of the rule, `breakGlass`, or null: the target. */
  readonly rule: string | null;
  readonly effect: "allow" | "deny" | null;
  /** `rule`: it is new (`from` is null) or gone; else the path of what changed, as in `duration.max`. */
  readonly field: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** A person's standing on both sides, in one environment. */
export interface Both {
  readonly sides: readonly [Side, Side];
  readonly standings: readonly [Standing | null, Standing | null];
  readonly environment: string;
}

/** What differs between the rules that matter to a person, in document order of the new side, then of the old. */
export function ruleChanges({
  environment,
  sides: [old, now],
  standings: [before, after],
}: Both): readonly RuleChange[] {
  const rulesOf = (side: Side, standing: Standing | null) => ({
    allow: new Map(offersIn(standing).map((acceptor) => [idOf(acceptor), allowFields(side, acceptor, environment)])),
    deny: new Map((standing?.deniers ?? []).map((denier) => [denier.rule.id, denyFields(denier)])),
  });
  const [olds, nows] = [rulesOf(old, before), rulesOf(now, after)];
  return [
    ...targetChange(before, after),
    ...changesOf("allow", olds.allow, nows.allow),
    // Where there is nothing on one side, what is denied of it is no change.
    ...(before === null || after === null ? [] : changesOf("deny", olds.deny, nows.deny)),
  ];
}

/** As in `1 of dba-lead`: the approvals that an importer may bring. */
function importedText({ approvals }: CompiledAllow): string | null {
  const leaves = approvals === null ? [] : leavesOf(approvals).filter(({ takesImported }) => takesImported);
  return leaves.length === 0 ? null : leaves.map(({ count, from }) => `${count} of ${nameWho(from)}`).join(", ");
}

type Fields = ReadonlyMap<string, string | null>;

function offersIn(standing: Standing | null): readonly Acceptor[] {
  if (standing === null) return [];
  return standing.emergency === null ? standing.acceptors : [...standing.acceptors, standing.emergency];
}

function idOf({ rule }: Acceptor): string {
  return rule?.id ?? "breakGlass";
}

function targetChange(before: Standing | null, after: Standing | null): RuleChange[] {
  if (before === null || after === null || isSameTarget(before, after)) return [];
  const [from, to] = [before, after].map(
    ({ target: { connection, kind, role } }) => `${role} at ${connection} (${kind})`,
  );
  return [{ rule: null, effect: null, field: "target", from: from ?? null, to: to ?? null }];
}

function changesOf(
  effect: "allow" | "deny",
  olds: ReadonlyMap<string, Fields>,
  nows: ReadonlyMap<string, Fields>,
): RuleChange[] {
  const ids = [...nows.keys(), ...[...olds.keys()].filter((id) => !nows.has(id))];
  return ids.flatMap((rule) => {
    const [from, to] = [olds.get(rule), nows.get(rule)];
    if (from === undefined || to === undefined) {
      return [{ rule, effect, field: "rule", from: textOf(from), to: textOf(to) }];
    }
    const fields = [...new Set([...to.keys(), ...from.keys()])];
    return fields
      .map((field) => ({ rule, effect, field, from: from.get(field) ?? null, to: to.get(field) ?? null }))
      .filter((change) => change.from !== change.to);
  });
}

/** All of a rule in one text. */
function textOf(fields: Fields | undefined): string | null {
  if (fields === undefined) return null;
  const said = [...fields].flatMap(([field, text]) =>
    text === null || QUIET.has(`${field} ${text}`) ? [] : [field === "on call" ? "while on call" : `${field} ${text}`],
  );
  return said.join(", ") || "always";
}

/** What every rule has unless it says something else. */
const QUIET: ReadonlySet<string> = new Set(["duration.min PT1M", "duration.clamp false", "reason.minLength 1"]);

function allowFields(side: Side, { duty, rule }: Acceptor, environment: string): Fields {
  const { breakGlass } = side.rules;
  if (rule !== null) {
    const fields = fieldsOf(demandsOf(rule, side.rules, environment), duty);
    return new Map([...fields, ["approvals.imported", importedText(rule)]]);
  }
  if (breakGlass === null || side.policy.breakGlass === undefined) return new Map();
  const fields = fieldsOf(breakGlassDemands(breakGlass, side.policy.breakGlass, side.rules, environment), duty);
  return new Map([...fields, ["unreviewed", String(breakGlass.unreviewed)]]);
}

function fieldsOf(demands: Demands, duty: Acceptor["duty"]): Fields {
  const { duration, extensions, reason, review } = demands;
  return new Map<string, string | null>([
    ["duration.max", duration.max],
    ["duration.default", duration.default === duration.max ? null : duration.default],
    ["duration.min", duration.min === "PT0.001S" ? null : duration.min],
    ["duration.clamp", String(duration.clamp)],
    ["hours", demands.hours === null ? null : `${demands.hours}${demands.hold ? " (hold)" : ""}`],
    ["reason.minLength", String(reason.minLength)],
    ["reason.matches", reason.matches],
    ["ticket", demands.ticket],
    ["approvals", demands.approvals],
    ["approvalsValidFor", demands.approvalsValidFor],
    ["cooldown", demands.cooldown],
    ["extensions", extensions === null ? null : `${extensions.max} of up to ${extensions.upTo}`],
    ["onBehalf", demands.onBehalf],
    ["review", review === null ? null : `by ${review.from} within ${review.within}`],
    ["on call", dutyText(duty)],
  ]);
}

function denyFields({ duty, rule }: Denier): Fields {
  return new Map<string, string | null>([
    ["during", duringText(rule)],
    ["hours", rule.hours?.text ?? null],
    ["breakGlass", rule.isPassable ? "passes" : null],
    ["on call", dutyText(duty)],
  ]);
}

function duringText({ during }: CompiledDeny): string | null {
  return during === null ? null : `${formatInstant(during.from)} to ${formatInstant(during.to)}`;
}

function dutyText(duty: Acceptor["duty"]): string | null {
  if (duty === null) return null;
  const shown = duty.slice(0, 4).map(({ from, to }) => `${formatInstant(from)} to ${formatInstant(to)}`);
  return duty.length > 4 ? `${shown.join(", ")} and ${duty.length - 4} more` : shown.join(", ");
}
