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

/**
 * The address of a connection, from the environment of the job only. Throws GrantError `connection-missing` if the
 * variable isn't set, `connection-failed` if what it holds can't be used. No message shows any part of the address.
 */
export function readAddress(env: Readonly<Record<string, string | undefined>>, connection: string): PostgresAddress {
  const variable = connectionVariable(connection);
  const text = env[variable];
  if (text === undefined || text === "") {
    throw new GrantError(
      "connection-missing",
      `connection \`${connection}\` has no address; set ${variable} to a postgres:// address in the environment of the job`,
    );
  }
  return parsePostgresAddress(
    text,
    (problem, fix) =>
      new GrantError(
        "connection-failed",
        `the address of connection \`${connection}\` in ${variable} ${problem}; ${fix}`,
      ),
  );
}
