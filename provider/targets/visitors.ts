// SPDX-License-Identifier: Apache-2.0
import type { ProbeKind } from "@elevation/domain";
import type { Visitor } from "../lifecycle/ports";
import { PostgresVisitor } from "./postgres";

/** Who logs in as people do, for each kind of target that a fire drill may name. */
export function createVisitors(): Readonly<Record<ProbeKind, Visitor>> {
  return { postgres: new PostgresVisitor() };
}
