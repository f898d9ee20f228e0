// SPDX-License-Identifier: Apache-2.0
import { Client } from "pg";

/** A person's session at a database, as psql would hold one open. */
export interface SqlSession {
  /** Runs a statement and returns what psql would print: the command's tag, or the server's refusal. */
  run(statement: string): Promise<string>;
  /** Resolves with the server's words when it cuts the session. */
  readonly cut: Promise<string>;
  isOpen(): boolean;
  close(): Promise<void>;
}

export async function openSession(url: string): Promise<SqlSession> {
  const client = new Client({ connectionString: url, application_name: "psql" });
  let open = true;
  const cut = new Promise<string>((resolve) => {
    client.on("error", (error) => {
      open = false;
      resolve(error.message);
    });
    client.on("end", () => {
      open = false;
      resolve("connection closed");
    });
  });
  await client.connect();
  return {
    cut,
    isOpen: () => open,
    run: async (statement) => {
      try {
        const { command, rowCount, rows } = await client.query(statement);
        const first: unknown = rows.length === 1 ? Object.values(rows[0] as object)[0] : undefined;
        return first === undefined ? [command, rowCount].filter((part) => part !== null).join(" ") : String(first);
      } catch (error) {
        return `ERROR:  ${(error as Error).message}`;
      }
    },
    close: async () => {
      if (open) await client.end();
    },
  };
}
