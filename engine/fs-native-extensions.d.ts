// SPDX-License-Identifier: Apache-2.0

declare module "fs-native-extensions" {
  /** Takes an exclusive lock that the system drops with the descriptor or the process; false if somebody holds it. */
  export function tryLock(fd: number): boolean;
}
