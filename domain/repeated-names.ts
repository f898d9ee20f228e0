// SPDX-License-Identifier: Apache-2.0
import { placeOf } from "./form-findings";
import type { Finding } from "./parsed";
import { field, type Spot } from "./spot";
import { quote } from "./text";

/** Which of some mappings have the `name` of one before them. */
export function repeatedNames(named: readonly Spot[]): Finding[] {
  const first = new Map<string, Spot>();
  return named.flatMap((one): Finding[] => {
    const name = field(one, "name");
    if (typeof name.value !== "string") return [];
    const other = first.get(name.value);
    if (other === undefined) {
      first.set(name.value, one);
      return [];
    }
    const message = `${placeOf(name.path)} is ${quote(name.value)}, the name of ${placeOf(other.path)} too; write another one`;
    return [{ path: name.path, at: "value", message }];
  });
}
