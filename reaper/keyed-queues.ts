// SPDX-License-Identifier: Apache-2.0
import { type queueAsPromised, promise as queueOf } from "fastq";

/** Work that waits for its turn, so much at once for each key: what is slow holds up no other key's. */
export class KeyedQueues<T, R = void> {
  readonly #atOnce: number;
  readonly #work: (task: T) => Promise<R>;
  readonly #queues = new Map<string, queueAsPromised<T, R>>();

  constructor(atOnce: number, work: (task: T) => Promise<R>) {
    this.#atOnce = atOnce;
    this.#work = work;
  }

  push(key: readonly string[], task: T): Promise<R> {
    const name = JSON.stringify(key);
    const queue = this.#queues.get(name) ?? queueOf<unknown, T, R>(this.#work, this.#atOnce);
    this.#queues.set(name, queue);
    return queue.push(task);
  }
}
