// SPDX-License-Identifier: Apache-2.0
import { BREAK_GLASS } from "../break-glass";
import { leavesOf } from "../compiled-policy";
import type { CompiledWho } from "../compiled-who";
import { nameWho } from "./demands";
import { type Extension, extensionOf, meansNoMore } from "./extension-of-who";
import { reviewersOf, type Side } from "./standing";

/** A `who` of approvals, of `onBehalf` or of a review that means other people than it did. */
export interface WhoChange {
  /** As in `dba-lead or on call in orders`. */
  readonly who: string;
  readonly may: "approve" | "ask for others" | "review";
  /** The rules of the new side that name it; `breakGlass` of a review. */
  readonly rules: readonly string[];
  /** Whom it means now and didn't, and the other way round; of those on call whoever is at other times. */
  readonly joined: readonly string[];
  readonly left: readonly string[];
  readonly widened: boolean;
  readonly narrowed: boolean;
}

/** What a change of the directory does to approvals, to asking for others and to reviews, each `who` once. */
export function whoChanges(old: Side, now: Side): readonly WhoChange[] {
  if (old.people.digest === now.people.digest) return [];
  return [
    ...changesFor(old, now, "approve", ({ rules }) =>
      rules.allows.map(({ approvals, id }) => ({
        rule: id,
        whos: approvals === null ? [] : leavesOf(approvals).map(({ from }) => from),
      })),
    ),
    ...changesFor(old, now, "ask for others", ({ rules }) =>
      rules.allows.map(({ id, onBehalf }) => ({ rule: id, whos: onBehalf === null ? [] : [onBehalf] })),
    ),
    // Other reviewers are more and less at once: who may lift the block, and who sees it.
    ...changesFor(old, now, "review", (side) => {
      const who = reviewersOf(side);
      return who === null ? [] : [{ rule: BREAK_GLASS, whos: [who] }];
    }).map((change) => ({ ...change, widened: true, narrowed: true })),
  ];
}

/** A rule, and those of its `who` that a comparison is about. */
interface Naming {
  readonly rule: string;
  readonly whos: readonly CompiledWho[];
}

function changesFor(
  old: Side,
  now: Side,
  may: WhoChange["may"],
  namingsOf: (side: Side) => readonly Naming[],
): readonly WhoChange[] {
  const written = new Set(namingsOf(old).flatMap(({ whos }) => whos.map((who) => extensionOf(who, old.people).key)));
  const named = new Map<string, { readonly who: CompiledWho; readonly rules: Set<string> }>();
  for (const { rule, whos } of namingsOf(now)) {
    for (const who of whos) {
      const { key } = extensionOf(who, now.people);
      // What one side alone says is compared as what it means.
      if (!written.has(key)) continue;
      const entry = named.get(key) ?? { who, rules: new Set<string>() };
      entry.rules.add(rule);
      named.set(key, entry);
    }
  }
  return [...named.values()].flatMap(({ rules, who }) => {
    const [before, after] = [extensionOf(who, old.people), extensionOf(who, now.people)];
    const [widened, narrowed] = [!meansNoMore(after, before), !meansNoMore(before, after)];
    if (!widened && !narrowed) return [];
    const change = { joined: without(after, before), left: without(before, after), widened, narrowed };
    return [{ who: nameWho(who), may, rules: [...rules], ...change }];
  });
}

/** Whom one means, at some instant, when the other doesn't. */
function without(one: Extension, other: Extension): readonly string[] {
  const people = [...one.always, ...one.onCall.keys()];
  const only = (person: string): Extension => ({
    always: new Set(one.always.has(person) ? [person] : []),
    onCall: new Map([...one.onCall].filter(([name]) => name === person)),
    key: "",
  });
  // NB. One by one only where there are duties to be compared.
  const isLeft = (person: string): boolean =>
    one.always.has(person) ? !other.always.has(person) : !meansNoMore(only(person), other);
  return people.filter(isLeft).sort();
}
