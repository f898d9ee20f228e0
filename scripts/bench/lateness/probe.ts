// SPDX-License-Identifier: Apache-2.0
import { setTimeout } from "node:timers/promises";
import { promise as queueOf } from "fastq";
import { Client } from "pg";
import { PROBE } from "./company";

/** How long before an expiry looking begins. By then a session has long been open and works. */
const BEFORE_MS = 1_000;
const EVERY_MS = 25;
const LOGIN_EVERY_MS = 100;
/** A login costs the server a process: were there no bound, those who are late would make everybody later. */
const LOGINS_AT_ONCE = 2;
/** One that still has access so long after is taken for one that never loses it. */
const GIVEN_UP_MS = 60_000;

/** What was seen of a person's access, in milliseconds after its expiry; before it: below 0. */
export interface Seen {
  /** When a statement in an open session first failed, or the session was cut. */
  readonly refused: number;
  /** When the open session was cut. */
  readonly cut: number;
  /** When a new login first found the access gone. */
  readonly newLogin: number;
}

/** Looks from outside, as the person: through a session that was open before, and by logging in anew. */
export async function probe(url: string, expiresAt: number): Promise<Seen> {
  await setTimeout(Math.max(0, expiresAt - BEFORE_MS - Date.now()));
  const [open, newLogin] = await Promise.all([watchSession(url, expiresAt), watchLogins(url, expiresAt)]);
  return { ...open, newLogin };
}

async function watchSession(url: string, expiresAt: number): Promise<Omit<Seen, "newLogin">> {
  const client = new Client({ connectionString: url });
  let cutAt: number | null = null;
  const cut = new Promise<void>((resolve) => {
    client.once("end", () => {
      cutAt = Date.now();
      resolve();
    });
  });
  client.on("error", () => undefined);
  await client.connect();
  await client.query(PROBE);
  await Promise.race([cut, setTimeout(Math.max(0, expiresAt - Date.now()))]);
  let refusedAt: number | null = null;
  while (cutAt === null) {
    requireTime(expiresAt, "an open session");
    await client.query(PROBE).catch(() => {
      refusedAt ??= Date.now();
    });
    await Promise.race([cut, setTimeout(EVERY_MS)]);
  }
  return { refused: Math.min(refusedAt ?? cutAt, cutAt) - expiresAt, cut: cutAt - expiresAt };
}

async function watchLogins(url: string, expiresAt: number): Promise<number> {
  // A login costs the server a process, so the first is at the expiry itself.
  await setTimeout(Math.max(0, expiresAt - Date.now()));
  for (;;) {
    requireTime(expiresAt, "a new login");
    if (!(await logins.push(url))) return Date.now() - expiresAt;
    await setTimeout(LOGIN_EVERY_MS);
  }
}

const logins = queueOf((url: string) => canUse(url), LOGINS_AT_ONCE);

async function canUse(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(PROBE);
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function requireTime(expiresAt: number, who: string): void {
  if (Date.now() > expiresAt + GIVEN_UP_MS) throw new Error(`${who} still had access a minute after its expiry`);
}
