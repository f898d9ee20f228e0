// SPDX-License-Identifier: Apache-2.0
import { type PostgresAddress, parsePostgresAddress } from "@elevation/journal/postgres";
import { GrantError } from "../../errors";
import { neutral } from "./text";

const CONNECTION_NAME = /^[a-z0-9-]{1,63}$/;

/** The variable that holds a connection's address: a fixed rule (design §7), no mapping that a file could change. */
export function connectionVariable(connection: string): string {
  if (!CONNECTION_NAME.test(connection)) {
    throw new GrantError(
      "input-invalid",
      `\`${neutral(connection)}\` is no connection name; use a to z, 0 to 9 and \`-\``,
    );
  }
  return `ELEVATION_CONNECTION_${connection.toUpperCase().replaceAll("-", "_")}`;
}

const VARIABLE = /^ELEVATION_CONNECTION_([A-Z0-9_]{1,63})$/;

/** The names of the connections that an environment has an address for, in their order. */
export function connectionsOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(env)
    .flatMap(([variable, address]) => {
      const [, name] = VARIABLE.exec(variable) ?? [];
      return name === undefined || address === undefined || address === "" ? [] : [name];
    })
    .map((name) => name.toLowerCase().replaceAll("_", "-"))
    .sort();
}

/** Where a connection goes, and the timeline that its server must be on, if the address names one. */
export interface ConnectionAddress {
  readonly address: PostgresAddress;
  readonly timeline: number | null;
}

/** Ours alone: the server's clients don't know it. */
const TIMELINE = /([?&])timeline=([1-9][0-9]{0,8})(?:&|$)/;

/**
 * The address of a connection, from the environment of the job only. Throws GrantError `connection-missing` if the
 * variable isn't set, `connection-failed` if what it holds can't be used. No message shows any part of the address.
 */
export function readAddress(env: Readonly<Record<string, string | undefined>>, connection: string): ConnectionAddress {
  const variable = connectionVariable(connection);
  const text = env[variable];
  if (text === undefined || text === "") {
    throw new GrantError(
      "connection-missing",
      `connection \`${connection}\` has no address; set ${variable} to a postgres:// address in the environment of the job`,
    );
  }
  const refuse = (problem: string, fix: string) =>
    new GrantError(
      "connection-failed",
      `the address of connection \`${connection}\` in ${variable} ${problem}; ${fix}`,
    );
  const found = TIMELINE.exec(text);
  const rest = text.replace(TIMELINE, "$1").replace(/[?&]$/, "");
  if (/[?&]timeline=/.test(rest)) {
    throw refuse(
      "has `timeline` twice, or not as a number",
      "write once the number of the timeline that the server is on",
    );
  }
  const address = parsePostgresAddress(rest, (problem, fix) =>
    refuse(problem, problem.includes("unknown parameter") ? `${fix}, timeline` : fix),
  );
  return { address, timeline: found === null ? null : Number(found[2]) };
}
