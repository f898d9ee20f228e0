// SPDX-License-Identifier: Apache-2.0
export { cacheFolder } from "./cache";
export { type Engine, EngineError, type EngineSource, type OnProgress } from "./engine";
export { type EngineOptions, getEngine } from "./get-engine";
export type { ReleaseBounds } from "./release";
