// SPDX-License-Identifier: Apache-2.0
import { chownSync, cpSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import type { PostgresServer } from "./postgres";

/** How a copy begins, and whose files they are. */
export interface CopyOptions {
  readonly promoted: boolean;
  readonly uid?: number;
  readonly gid?: number;
}

/** What belongs to the running server and not to its data. */
const NOT_COPIED = /^(postmaster\.(pid|opts)|pg_wal|pg_replslot|pgsql_tmp.*)$/;

/** Copies the data of a running server as a base backup does, without stopping it. `promoted`: see `CopiedServer`. */
export async function copyCluster(server: PostgresServer, data: string, options: CopyOptions): Promise<void> {
  const client = new Client({ connectionString: server.url("postgres", "postgres") });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('copy', true)");
    cpSync(server.data, data, {
      recursive: true,
      filter: (source) => !NOT_COPIED.test(source.slice(server.data.length + 1)),
    });
    const { rows } = await client.query<{ labelfile: string }>("SELECT labelfile FROM pg_backup_stop(false)");
    writeFileSync(join(data, "backup_label"), rows[0]?.labelfile ?? "");
  } finally {
    await client.end();
  }
  for (const folder of ["pg_wal", "pg_replslot"]) {
    cpSync(join(server.data, folder), join(data, folder), { recursive: true });
  }
  if (options.promoted) writeFileSync(join(data, "recovery.signal"), "");
  const { uid, gid } = options;
  if (uid === undefined || gid === undefined) return;
  for (const entry of readdirSync(data, { recursive: true })) chownSync(join(data, String(entry)), uid, gid);
  chownSync(data, uid, gid);
}
