// SPDX-License-Identifier: Apache-2.0
import { visit } from "jsonc-parser";

/**
 * The first key of a JSON text that stands twice in one object, or null. `JSON.parse` takes the last of two without a word,
 * another reader may take the first. The text is JSON already.
 */
export function doubledKey(text: string): string | null {
  const seen: Set<string>[] = [];
  let doubled: string | null = null;
  visit(text, {
    onObjectBegin: () => void seen.push(new Set()),
    onObjectEnd: () => void seen.pop(),
    onObjectProperty: (key) => {
      const keys = seen.at(-1);
      if (keys?.has(key) === true) doubled ??= key;
      keys?.add(key);
    },
  });
  return doubled;
}
