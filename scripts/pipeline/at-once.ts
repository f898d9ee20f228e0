// SPDX-License-Identifier: Apache-2.0

/** Does something with each item, so many at the same time; the results are in the items' order. Rejects with the first fault. */
export async function atOnce<T, R>(
  many: number,
  items: readonly T[],
  run: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(many, items.length) }, worker));
  return results;
}
