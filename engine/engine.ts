// SPDX-License-Identifier: Apache-2.0

/** Where an engine came from: found on PATH, kept from an earlier time, just downloaded, or just built. */
export type EngineSource = "path" | "cache" | "release" | "build";

/** A real Pulumi engine that answered when it was asked for its version. */
export interface Engine {
  /** Absolute path of the `pulumi` executable. */
  readonly pulumi: string;
  /** Its version without the leading `v`, as `3.259.0`. */
  readonly version: string;
  readonly source: EngineSource;
  /**
   * What to add to the environment of every command that runs it or that starts it by itself (the Automation API):
   * `PATH`, with the engine and its language host first, and what keeps the engine from asking for updates.
   */
  readonly env: Record<string, string>;
}

/** Says in one line what is being done or why something was passed over. */
export type OnProgress = (line: string) => void;

/** No engine, or none by one of the ways. The message says what to do about it; there is never a stack to show. */
export class EngineError extends Error {
  override readonly name: string = "EngineError";
}

/** A signal came while an engine was being made: no other way is tried. */
export class EngineInterrupted extends EngineError {
  override readonly name = "EngineInterrupted";
}

/** Oldest engine that is taken from PATH: what this project's facts about the engine were tried with. */
export const oldestVersion = "3.259.0";
/** The release that is downloaded. Any later 3.x on PATH is taken as well. */
export const releaseVersion = "3.265.0";
/** The version built from its Go module. NB. pkg and sdk of one version; later ones were not built with success. */
export const buildVersion = "3.259.0";
