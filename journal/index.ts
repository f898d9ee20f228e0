// SPDX-License-Identifier: Apache-2.0
export { type JournalAnchors, readJournalAnchors } from "./anchors";
export { type ChainProblem, verifyChain, verifyLinks } from "./chain";
export { formatLine, parseLine, type ShapedEvent } from "./event-line";
export type { GrantMark, GrantRecord } from "./grant-record";
export { initJournal } from "./init-journal";
export { type Appended, Journal } from "./journal";
export { isJournalError, JournalError, type JournalErrorCode } from "./journal-error";
export type { JournalView } from "./journal-view";
export { type JudgeWhere, judge } from "./judge";
export { type Asked, byTurn, judgeInTurn, type Turns } from "./judge-in-turn";
export { type LineSource, nextLineStart, scanLines } from "./line-scan";
export { type OpenStoreOptions, openStore } from "./open-store";
export { type Orphan, orphanKey } from "./orphans";
export { grantsSql, isRoleName, type JournalRoles, SCHEMA_SQL, setupSql } from "./postgres/schema";
export type { Schedule } from "./schedule";
export { GENESIS, type Head, type JournalStore } from "./store";
export { viewsBefore } from "./views-before";
export { missingWitness, type ReadWitness, readWitness } from "./witness";
