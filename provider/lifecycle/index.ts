// SPDX-License-Identifier: Apache-2.0

export * from "../errors";
export * from "./activate";
export { check } from "./check";
export { createWorld } from "./create-world";
export { withinTime } from "./deadline";
export { diff } from "./diff";
export { type ExportedStack, readExportedStack } from "./exported-stack";
export { whereOf } from "./intent";
export type { FoundOrphan } from "./orphans";
export { type Planned, type PlannedEnd, planPass } from "./plan";
export * from "./ports";
export { read, remove } from "./read";
export * from "./reap";
export * from "./reconcile";
export { historyFault, type OrderCheck, type OrderRecorded, recordOrder } from "./record-order";
export { endGrant, lockableOf, mustEnd } from "./revoke";
export * from "./start";
export * from "./state";
export type { Unreached } from "./survey";
export { update } from "./update";
export { type Deadline, reasonOf, type Trusted, type World } from "./world";
