// SPDX-License-Identifier: Apache-2.0

/** The lock that the file store takes, for tests that hold it themselves. */
declare module "fs-native-extensions" {
  export function tryLock(fd: number): boolean;
}
