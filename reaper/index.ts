// SPDX-License-Identifier: Apache-2.0

export type { Drill, DrillFailure, DrillOutcome } from "./drill/drill";
export type { DrillEvent, DrillName } from "./drill/drill-event";
export { Drills, type DrillsOptions } from "./drill/drills";
export { type DrillSetting, runDrill } from "./drill/run-drill";
export { besideTheJournal, heartbeat } from "./listeners";
export { Newsroom } from "./news";
export { ALARMING, logNotifier, type News, type Notice, type Notifier } from "./notice";
export { OrderDesk, type OrderEvent } from "./orders/desk";
export type { Inbox } from "./orders/inbox";
export { openInbox } from "./orders/open-inbox";
export { ordersSql } from "./orders/postgres-schema";
export { NotTaken, readOutboundUrl, send } from "./outbound";
export { type NewsworthyPass, newsOfPass, type PassedOn } from "./pass-news";
export { type Listener, Pulse } from "./pulse";
export { type ReaperEvent, type ReaperOptions, runReaper, type Stopped } from "./reaper";
export { type Monitored, serveMonitor } from "./serve";
export type { Timer } from "./sleep";
export type { StartEvent } from "./starts";
export { type NoticeOutcome, WebhookNotifier, type WebhookOptions } from "./webhook";
