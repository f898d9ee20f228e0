// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";

/** Where a connection goes and as whom. Holds a password: never print it, except for `shown`. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly ssl: ConnectionOptions | false;
  /** What no text of ours may show: the whole address, the password as written and as meant. */
  readonly secrets: readonly string[];
  /** What others' texts may show besides, and ours never repeat: host and port. */
  readonly whereabouts: readonly string[];
  /** Host, port and database, in the form of an address: neither user nor password nor parameters. */
  readonly shown: string;
}

/** Who connects where the address doesn't say: `PGUSER` and `PGPASSWORD`, where a caller wants them to count. */
export interface AddressDefaults {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

const DEFAULT_PORT = 5432;
/** What a password with an unescaped `@`, `/`, `?` or `#` would leave in the path is no database name of ours. */
const DATABASE_NAME = /^[^\s@:/?#%\\"'`]{1,63}$/u;
const PARAMETERS = ["host", "sslmode", "sslrootcert", "sslcert", "sslkey"] as const;
type Parameter = (typeof PARAMETERS)[number];

/** Makes the error for an address that can't be used, out of what is wrong with it and the fix; neither holds a part of it. */
export type RefuseAddress = (problem: string, fix: string) => Error;

/**
 * A `postgres://` address, as target connections and the journal take it. Throws what `refuse` makes, and reads the files
 * of the TLS parameters. No message shows any part of the address.
 */
export function parsePostgresAddress(
  text: string,
  refuse: RefuseAddress,
  defaults: AddressDefaults = {},
): PostgresAddress {
  const url = parseUrl(text, refuse);
  const parameters = readParameters(url, refuse);
  const host = decode(parameters.get("host") ?? url.hostname, refuse).replace(/^\[(.+)\]$/, "$1") || "localhost";
  const user = decode(url.username, refuse) || (defaults.user ?? "");
  const password = decode(url.password, refuse) || (defaults.password ?? "");
  const database = decode(url.pathname.slice(1), refuse);
  if (user === "") throw refuse("names no user", "write postgres://user:password@host/database");
  if (!DATABASE_NAME.test(database)) {
    throw refuse(
      "names no usable database",
      "write postgres://user:password@host/database and percent-encode `@`, `/`, `?`, `#` and `%` in the password",
    );
  }
  return {
    host,
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    user,
    password: password === "" ? undefined : password,
    database,
    ssl: readTls(host, parameters, refuse),
    secrets: [text, password, url.password],
    whereabouts: [`${host}:${url.port || DEFAULT_PORT}`, host],
    shown: shown(host, url.port === "" ? DEFAULT_PORT : Number(url.port), database),
  };
}

function shown(host: string, port: number, database: string): string {
  // A socket's folder is a parameter; the port is a part of the socket's name.
  if (host.startsWith("/")) {
    const authority = port === DEFAULT_PORT ? "" : `localhost:${port}`;
    return printable(`postgres://${authority}/${database}?host=${host}`);
  }
  return printable(`postgres://${isIP(host) === 6 ? `[${host}]` : host}:${port}/${database}`);
}

function printable(text: string): string {
  return text.replace(/\p{C}/gu, "\uFFFD");
}

function parseUrl(text: string, refuse: RefuseAddress): URL {
  // A user before an empty host (a socket named in `host`) is not a URL for WHATWG, yet usual for PostgreSQL.
  const url = tryUrl(text) ?? tryUrl(text.replace("@/", "@localhost/"));
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hash !== "") {
    throw refuse(
      "is no postgres:// address",
      "write postgres://user:password@host/database and percent-encode `@`, `/`, `?`, `#` and `%` in the password",
    );
  }
  return url;
}

function tryUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    // The error would hold the address.
    return null;
  }
}

function decode(text: string, refuse: RefuseAddress): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse("has a `%` that begins no escape", "write `%` as `%25`");
  }
}

function readParameters(url: URL, refuse: RefuseAddress): ReadonlyMap<Parameter, string> {
  const found = new Map<Parameter, string>();
  for (const [name, value] of url.searchParams) {
    const known = PARAMETERS.find((parameter) => parameter === name);
    // NB. the name is not shown: it may be the rest of a password with an unescaped `?`.
    if (known === undefined) throw refuse("has an unknown parameter", `use only ${PARAMETERS.join(", ")}`);
    if (found.has(known)) throw refuse(`has \`${known}\` twice`, "write it once");
    found.set(known, value);
  }
  return found;
}

/**
 * INVARIANT (tls-verified): TLS always verifies the certificate and the host's name, whatever mode asks for it. This is
 * how node-postgres 8 reads `prefer`, `require` and `verify-ca`; libpq's weaker readings are not offered.
 */
function readTls(
  host: string,
  parameters: ReadonlyMap<Parameter, string>,
  refuse: RefuseAddress,
): ConnectionOptions | false {
  const mode = parameters.get("sslmode");
  const files = (["sslrootcert", "sslcert", "sslkey"] as const).filter((name) => parameters.has(name));
  const fix = "use `sslmode=verify-full`, with `sslrootcert` for a private authority";
  switch (mode) {
    case undefined:
      if (files.length > 0) throw refuse(`has \`${files[0]}\` but no \`sslmode\``, fix);
      if (!isLocal(host))
        throw refuse("has no `sslmode` although it leaves this machine", `${fix}, or write \`sslmode=disable\``);
      return false;
    case "disable":
      return false;
    case "prefer":
    case "require":
    case "verify-ca":
    case "verify-full":
      return verifiedTls(parameters, refuse);
    case "no-verify":
    case "allow":
      throw refuse(`has \`sslmode=${mode}\`, which proves no server`, fix);
    default:
      throw refuse("has an unknown `sslmode`", fix);
  }
}

function isLocal(host: string): boolean {
  return (
    host.startsWith("/") || host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))
  );
}

function verifiedTls(parameters: ReadonlyMap<Parameter, string>, refuse: RefuseAddress): ConnectionOptions {
  const read = (name: "sslrootcert" | "sslcert" | "sslkey"): Buffer | undefined => {
    const path = parameters.get(name);
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
      throw refuse(`names a file in \`${name}\` that can't be read (${code})`, "give the path of a PEM file");
    }
  };
  const ca = parameters.get("sslrootcert") === "system" ? undefined : read("sslrootcert");
  const cert = read("sslcert");
  const key = read("sslkey");
  if ((cert === undefined) !== (key === undefined))
    throw refuse("has one of `sslcert` and `sslkey`", "give both or none");
  return {
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
