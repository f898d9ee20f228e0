// SPDX-License-Identifier: Apache-2.0

export { type ReaperEvent, type ReaperOptions, runReaper, type Stopped } from "./reaper";
export { type Monitored, serveMonitor } from "./serve";
export type { Timer } from "./sleep";
export type { StartEvent } from "./starts";
