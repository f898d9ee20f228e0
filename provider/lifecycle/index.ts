// SPDX-License-Identifier: Apache-2.0
export * from "../errors";
export * from "./activate";
export { check } from "./check";
export { diff } from "./diff";
export * from "./ports";
export { read, remove } from "./read";
export { endGrant } from "./revoke";
export * from "./state";
export { update } from "./update";
export type { Deadline, World } from "./world";
