// SPDX-License-Identifier: Apache-2.0
import type { Instant } from "@elevation/domain";
import type { Look } from "./session";

/** What time it is at the server. */
export const CLOCK: Look = {
  sql: "SELECT pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint::text AS now",
  parameters: [],
};

export function clockOf(rows: readonly { readonly now: string }[]): Instant {
  const [row] = rows;
  if (row === undefined) throw new Error("a query without a table gave no row");
  return Number(row.now);
}
