// SPDX-License-Identifier: Apache-2.0
import { placeOf } from "./form-findings";
import type { Finding } from "./parsed";
import { repeatedNames } from "./repeated-names";
import { specFindings } from "./request-findings";
import { field, items, type Spot, texts } from "./spot";
import { quote } from "./text";

/** What is wrong with a policy test besides its form. Names that policy or directory lack are no fault: the decision says so. */
export function policyTestFindings(test: Spot): Finding[] {
  const list = field(test, "cases");
  const cases = items(list);
  return [
    ...(Array.isArray(list.value) && cases.length === 0 ? [noCases(list)] : []),
    ...repeatedNames(cases),
    ...cases.flatMap((one) => specFindings(field(one, "request"))),
    ...cases.flatMap((one) => repeatedIds(field(field(one, "expect"), "violations"))),
  ];
}

function noCases(list: Spot): Finding {
  const message = `${placeOf(list.path)} is an empty list, which tests nothing; write at least one case`;
  return { path: list.path, at: "value", message };
}

function repeatedIds(violations: Spot): Finding[] {
  const seen = new Set<string>();
  return texts(violations).flatMap(({ text, spot }): Finding[] => {
    if (!seen.has(text)) {
      seen.add(text);
      return [];
    }
    const message = `${placeOf(spot.path)} is ${quote(text)}, which stands in the list already; name each id once`;
    return [{ path: spot.path, at: "value", message }];
  });
}
