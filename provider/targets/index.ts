// SPDX-License-Identifier: Apache-2.0
import type { Target } from "../lifecycle/ports";
import { PostgresTarget } from "./postgres";

/**
 * All kinds of targets by kind. Addresses and credentials of connections are read from `env` when a connection is
 * opened, and from nowhere else (design §7).
 */
export function createTargets(env: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, Target> {
  const all: readonly Target[] = [new PostgresTarget(env)];
  return new Map(all.map((target) => [target.kind, target]));
}

export { connectionVariable, PostgresConnection, PostgresTarget } from "./postgres";
export { createVisitors } from "./visitors";
