// SPDX-License-Identifier: Apache-2.0
export { EXIT, type ExitCode } from "./exit";
export { run } from "./run";
export type { StatusReport } from "./status-report";
export type { Terminal } from "./terminal";
