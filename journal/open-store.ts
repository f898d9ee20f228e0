// SPDX-License-Identifier: Apache-2.0
import { isAbsolute, resolve } from "node:path";
import { LOCK_WAIT } from "./file-lock";
import { FileStore } from "./file-store";
import { JournalError } from "./journal-error";
import { parsePostgresAddress } from "./postgres/address";
import type { JournalRoles } from "./postgres/schema";
import type { JournalStore } from "./store";

/** How a store is opened. */
export interface OpenStoreOptions {
  /** Where a relative `file:PATH` starts; without it one is refused, since every process has another working directory. */
  readonly baseDir?: string;
  /** Told, in one line, of a torn last line that was cut off (and where its bytes are kept). */
  readonly onRepair?: (report: string) => void;
  /** How long a writer waits for others before it is `locked`, in ms; 10 s if absent. */
  readonly lockWait?: number;
  /** Where `PGUSER` and `PGPASSWORD` are looked up, if a `postgres://` address leaves them out; `process.env` if absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** PostgreSQL only: roles that get their rights when the journal is made, which is refused if there is none of that name. */
  readonly roles?: JournalRoles;
}

/**
 * The store at an address (`ELEVATION_JOURNAL`). Touches nothing yet: whether a journal is there shows at the first read.
 * Throws JournalError `address-invalid`; of an address that isn't a file's only the scheme is repeated, because the rest
 * may hold a password.
 */
export function openStore(address: string, options: OpenStoreOptions = {}): JournalStore {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase();
  if (scheme === "file") {
    const path = filePath(address.slice("file:".length), options.baseDir);
    return new FileStore(path, options.onRepair, options.lockWait);
  }
  if (scheme === "postgres" || scheme === "postgresql") {
    return openPostgres(address, options);
  }
  if (/^\.{0,2}\//.test(address)) {
    const fix = isAbsolute(address) ? `write \`file:${printable(address)}\`` : "write `file:` and an absolute path";
    throw invalid(`the journal's address \`${printable(address)}\` names no store; ${fix}`);
  }
  if (scheme !== undefined && address[scheme.length + 1] === "/") {
    throw invalid(
      `the journal's address starts with \`${scheme}:\`, which names no store; use \`file:PATH\` or \`postgres://…\``,
    );
  }
  throw invalid("the journal's address names no store; use `file:PATH` or `postgres://…`");
}

function openPostgres(address: string, { env = process.env, lockWait, roles }: OpenStoreOptions): JournalStore {
  // Here and not above: a file journal needs no `pg`, which takes longer to load than all the rest.
  const { PostgresStore } = require("./postgres/postgres-store") as typeof import("./postgres/postgres-store");
  const parsed = parsePostgresAddress(address, (problem, fix) => invalid(`the journal's address ${problem}; ${fix}`), {
    user: env["PGUSER"],
    password: env["PGPASSWORD"],
  });
  return new PostgresStore(parsed, lockWait ?? LOCK_WAIT, roles ?? { writers: [], readers: [] });
}

function filePath(path: string, baseDir: string | undefined): string {
  if (path === "") throw invalid("the journal's address `file:` has no path; write `file:PATH`");
  if (path.includes("\0")) throw invalid("the journal's address has a NUL character in its path; remove it");
  if (/^\/\/[^/]/.test(path)) {
    const host = printable(path.slice(2).split("/", 1)[0] ?? "");
    throw invalid(`the journal's address names a host, \`${host}\`; write \`file:/PATH\`, a file on this machine`);
  }
  if (isAbsolute(path)) return resolve(path);
  if (baseDir !== undefined) return resolve(baseDir, path);
  throw invalid(
    `the journal's address \`file:${printable(path)}\` is relative, and processes that share it run in different folders; write an absolute path`,
  );
}

function printable(text: string): string {
  return text.replace(/\p{C}/gu, "\uFFFD");
}

function invalid(message: string): JournalError {
  return new JournalError("address-invalid", message);
}
