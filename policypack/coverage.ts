// SPDX-License-Identifier: Apache-2.0

/** Which resource rules looked at which resources, in one analysis of a stack. */
export interface Coverage {
  /** A rule will look at every resource. */
  expect(rule: string): void;
  /** A rule has looked at a resource, to its end. */
  note(rule: string, urn: string): void;
  /**
   * Says whether the engine shows a Grant without any property, `__provider` neither: so it shows a new one that `--target`
   * or `--exclude` leaves out of the run, and makes nothing of it.
   */
  setSpared(urn: string, isSpared: boolean): void;
  /** Whether no rule is to look at it: judged by nothing, it would fail a run that isn't about it. */
  isSpared(urn: string): boolean;
  /** The rules that didn't look at a resource. */
  missedBy(urn: string): readonly string[];
  /** The rules that there are. */
  readonly expected: readonly string[];
  /** Ends the analysis: what was looked at in this one says nothing of the next. */
  forget(): void;
}

export function createCoverage(): Coverage {
  const expected: string[] = [];
  const seen = new Map<string, Set<string>>();
  const spared = new Set<string>();
  return {
    expected,
    expect: (rule) => void expected.push(rule),
    note: (rule, urn) => {
      const rules = seen.get(urn);
      if (rules === undefined) seen.set(urn, new Set([rule]));
      else rules.add(rule);
    },
    setSpared: (urn, isSpared) => void (isSpared ? spared.add(urn) : spared.delete(urn)),
    isSpared: (urn) => spared.has(urn),
    missedBy: (urn) => expected.filter((rule) => seen.get(urn)?.has(rule) !== true),
    forget: () => {
      seen.clear();
      spared.clear();
    },
  };
}
