// SPDX-License-Identifier: Apache-2.0

/**
 * `make`, which makes the same thing of the same words once: thousands of people and rules have few different job functions, hours
 * and patterns, which then take their memory once and stay in the processor's cache.
 */
export function sharing<Given, Made>(make: (given: Given) => Made): (given: Given) => Made {
  const known = new Map<string, Made>();
  return (given) => {
    const key = JSON.stringify(given);
    const found = known.get(key) ?? make(given);
    known.set(key, found);
    return found;
  };
}
