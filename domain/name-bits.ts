// SPDX-License-Identifier: Apache-2.0

/** So many that a number holds them without taking memory of its own. */
const BITS = 30;

/**
 * One of thirty bits for each name, by its text alone. Lists of names that share no bit share no name: told from two numbers, without
 * a look at the names.
 */
export function bitsOf(names: Iterable<string>): number {
  let bits = 0;
  for (const name of names) bits |= 1 << (hashOf(name) % BITS);
  return bits;
}

/** FNV-1a over units of UTF-16. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
