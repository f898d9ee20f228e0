// SPDX-License-Identifier: Apache-2.0
import type { Asked, Effects, Spent, Withdrawn } from "./effects";
import { block, code, plain, sentence } from "./markdown";
import type { PolicyChange } from "./policy-change";
import { renderPolicyChange, SHORT, WIDE } from "./policy-summary";

/** How the preview of one stack came out. */
export interface Previewed {
  readonly stack: string;
  /** Null: the request files are malformed, and `output` says how. */
  readonly effects: Effects | null;
  readonly passed: boolean;
  /** What the engine and the policy pack printed. */
  readonly output: string;
}

/** How a pull request came out. */
export interface Outcome {
  readonly previewed: readonly Previewed[];
  /** Null: nothing that judges changes. */
  readonly policy: PolicyChange | null;
  readonly passed: boolean;
  readonly notes: readonly string[];
}

/** The summary of a pull request, in Markdown. Nothing that a person wrote in it is anything but text. */
export function renderSummary(outcome: Outcome): string {
  const policy = outcome.policy === null ? [] : [renderPolicyChange(outcome.policy, WIDE)];
  return renderAll(outcome, outcome.notes, [...policy, ...outcome.previewed.map(renderStack)]);
}

/** How many lines of a table a short summary has for each stack. */
const ROWS = 50;

/** The same for where there is little room: what is denied and what is asked, and where the rest stands. */
export function renderShortSummary(outcome: Outcome): string {
  const policy = outcome.policy === null ? [] : [renderPolicyChange(outcome.policy, SHORT)];
  const stacks = outcome.previewed.map(({ stack, effects }) => {
    const head = `### Stack ${code(stack)}`;
    if (effects === null) return `${head}\n\nThe request files can't be read, so nothing was judged.`;
    const { requests, withdrawn, spent } = effects;
    const counts = `${requests.length} asked for, ${withdrawn.length} withdrawn, ${spent.length} that can open nothing`;
    return [head, counts, requests.length === 0 ? "" : table(requests.slice(0, ROWS))].filter(Boolean).join("\n\n");
  });
  const rest = "The whole of it stands in the job's summary.";
  return renderAll(outcome, outcome.notes.slice(0, 5), [...policy, ...stacks, rest]);
}

function renderAll({ passed, policy }: Outcome, notes: readonly string[], parts: readonly string[]): string {
  const isWider = policy?.meanings.some((meaning) => meaning.isWider) === true;
  const verdict = passed ? "this can be merged" : "this can't be merged yet";
  return [
    isWider ? `## ⚠️ Elevation: ${verdict}, and makes access wider` : `## Elevation: ${verdict}`,
    ...notes.map((note) => `> ${sentence(note)}`),
    ...parts,
    "<sub>Decisions are made again when this is merged, on what is true then. Nothing was granted by this preview.</sub>",
    "",
  ].join("\n\n");
}

function renderStack({ stack, effects, passed, output }: Previewed): string {
  const details = `<details><summary>${passed ? "pulumi preview passed" : "pulumi preview failed"}</summary>\n\n${block(output)}\n\n</details>`;
  const head = `### Stack ${code(stack)}`;
  if (effects === null)
    return [head, "The request files can't be read, so nothing was judged.", block(output)].join("\n\n");
  const { requests, spent, withdrawn, untouched } = effects;
  return [
    head,
    requests.length + spent.length + withdrawn.length === 0 ? "Nobody gains or loses access." : "",
    requests.length === 0 ? "" : table(requests),
    ...requests.map(renderAsked),
    ...spent.map(renderSpent),
    ...withdrawn.map(renderWithdrawn),
    untouched === 0
      ? ""
      : `Untouched: ${untouched} other ${untouched === 1 ? "request" : "requests"}, live, ended or lapsed.`,
    details,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function table(requests: readonly Asked[]): string {
  const rows = requests.map(({ name, requester, role, environment, decision, unserved }) => {
    const verdict = unserved ? "not served" : decision.outcome === "allow" ? "allowed" : "**denied**";
    const until = decision.expiresAt === null ? "" : code(decision.expiresAt);
    return `| ${[code(name), code(requester), code(role), code(environment), verdict, decision.rule === null ? "" : code(decision.rule), until].join(" | ")} |`;
  });
  return [
    "| request | person | role | environment | decision | rule | ends, if it began now |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

function renderAsked({ origin, name, reason, decision, effect, unserved }: Asked): string {
  const head = `**${code(name)}** (${code(origin)}), because: ${code(reason)}`;
  if (unserved)
    return `${head}\n\n- ${plain("the policy allows it, but this version can't grant at its kind of target")}`;
  const lines =
    effect === null
      ? decision.violations.map(({ id, message }) => `- ${code(id)} ${sentence(message)}`)
      : [
          `- begins ${decision.activatesAt === null ? "" : `at ${code(decision.activatesAt)} at the earliest`}: ${sentence(effect.begin)}`,
          `- ends: ${sentence(effect.end)}`,
          ...(effect.alreadyHeld ?? []).map(
            (held) => `- **already held**, when it was last looked at: ${sentence(held)}`,
          ),
          ...(decision.effectiveEnd === null || decision.effectiveEnd === decision.expiresAt
            ? []
            : [`- access may outlive it until ${code(decision.effectiveEnd)}`]),
        ];
  return [head, "", ...lines].join("\n");
}

function renderSpent({ origin, name, decision }: Spent): string {
  const lines = decision.violations.map(({ id, message }) => `- ${code(id)} ${sentence(message)}`);
  return [`**${code(name)}** (${code(origin)}) can open nothing:`, "", ...lines].join("\n");
}

function renderWithdrawn({ name, requester, expiresAt, effect }: Withdrawn): string {
  return [
    `**${code(name)}** is withdrawn: ${code(requester)} loses it on merge, before its end at ${code(expiresAt)}`,
    "",
    ...(effect === null ? [] : [`- ${sentence(effect.end)}`]),
  ].join("\n");
}
