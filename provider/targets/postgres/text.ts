// SPDX-License-Identifier: Apache-2.0

import { neutral } from "@elevation/journal/postgres";

export { type Mask, maskOf, neutral } from "@elevation/journal/postgres";

/** A foreign name in backticks, made harmless. */
export function tick(name: string): string {
  return `\`${neutral(name)}\``;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
