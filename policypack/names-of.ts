// SPDX-License-Identifier: Apache-2.0
import { quote } from "@elevation/domain";

/** How many names a message has; the others are counted. */
const NAMED = 5;

/** Names for a message, in the order given. */
export function namesOf(names: readonly string[]): string {
  const more = names.length - NAMED;
  return [...names.slice(0, NAMED).map(quote), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
