// SPDX-License-Identifier: Apache-2.0

/** What we use of it; the package has no types of its own. */
declare module "fs-native-extensions" {
  /**
   * Asks for an exclusive lock on a range of an open file, without waiting; false if another open file holds one on any
   * of it. The whole file if no range is given; a length of 0 is all that follows.
   */
  export function tryLock(fd: number, offset?: number, length?: number): boolean;
  /** Gives back a lock on that very range. */
  export function unlock(fd: number, offset?: number, length?: number): void;
}
