// SPDX-License-Identifier: Apache-2.0

import { writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Client } from "pg";

/** Where a process dies: at its n-th step, from 1 on. */
export interface Kill {
  readonly step: number;
  /** How much of a write is done where it dies in the middle of one: above 0, below 1. */
  readonly part: number;
}

/** What a process passes on its way: each statement, each write, each fsync, each lock, before and after, and in between where that can be seen from outside. */
export class Steps {
  readonly passed: string[] = [];
  readonly kill: Kill | null;
  readonly #die: (step: string) => never;

  /** `die` is called at the step of `kill` and must not return. */
  constructor(kill: Kill | null, die: (step: string) => never) {
    this.kill = kill;
    this.#die = die;
  }

  /** `last`: what is still done if this is the step. */
  pass(step: string, last: (part: number) => void = () => undefined): void {
    this.passed.push(step);
    if (this.kill?.step !== this.passed.length) return;
    last(this.kill.part);
    this.#die(step);
  }
}

/** Counts the steps of this process from now on: those of `pg` and of the journal's file. Nothing but the journal may open files by `node:fs/promises`. */
export async function countSteps(steps: Steps): Promise<void> {
  countStatements(steps);
  countLocks(steps);
  await countWrites(steps);
}

type Query = (...args: unknown[]) => Promise<unknown>;

function countStatements(steps: Steps): void {
  const client = Client.prototype as unknown as { query: Query; connect: Query };
  const { query, connect } = client;
  client.connect = async function (...args) {
    steps.pass("before connecting");
    const connected = await connect.apply(this, args);
    steps.pass("after connecting");
    return connected;
  };
  client.query = async function (...args) {
    const statement = shown(args[0]);
    steps.pass(`before ${statement}`);
    const answer = query.apply(this, args);
    // NB. `pg` sends what it has at the end of this turn: from then on the server works on it, whoever lives.
    const sent = new Promise<void>((resolve) => setImmediate(resolve)).then(() => steps.pass(`while ${statement}`));
    const result = await answer.finally(() => sent);
    steps.pass(`after ${statement}`);
    return result;
  };
}

function shown(query: unknown): string {
  const text = typeof query === "string" ? query : (query as { readonly text: string }).text;
  return text
    .replace(/elev_[0-9a-f]{40}/g, "elev_…")
    .replace(/worker_\d+/g, "worker_…")
    .replace(/\s+/g, " ")
    .replace(/^BEGIN .*?; (?=\S+ )(?!SET)/, "BEGIN … ")
    .trim()
    .slice(0, 60);
}

/** The two that matter of a writer's way to the lock: the place in front of all others in the queue, and the file itself. */
const PLACES: ReadonlyMap<number, string> = new Map([
  [2 ** 52 + 1, "the first place in the queue"],
  [0, "the lock"],
]);

function countLocks(steps: Steps): void {
  interface Locks {
    tryLock(fd: number, offset?: number, length?: number): boolean;
    unlock(fd: number, offset?: number, length?: number): void;
  }
  // The module itself, as whoever imports it later will find it.
  const locks = require("fs-native-extensions") as Locks;
  const { tryLock, unlock } = locks;
  locks.tryLock = (fd, offset = 0, length = 0) => {
    const isMine = tryLock(fd, offset, length);
    // One that others hold is asked for again and again: no step.
    const place = PLACES.get(offset);
    if (isMine && place !== undefined) steps.pass(`after taking ${place}`);
    return isMine;
  };
  locks.unlock = (fd, offset = 0, length = 0) => {
    unlock(fd, offset, length);
    const place = PLACES.get(offset);
    if (place !== undefined) steps.pass(`after leaving ${place}`);
  };
}

async function countWrites(steps: Steps): Promise<void> {
  const probe = await open(__filename, "r");
  const file = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const { write, sync, truncate } = file as unknown as Record<"write" | "sync" | "truncate", Query>;
  const around = (name: string, call: Query): Query =>
    async function (this: unknown, ...args) {
      steps.pass(`before ${name}`);
      const result = await call.apply(this, args);
      steps.pass(`after ${name}`);
      return result;
    };
  const torn: Query = async function (this: unknown, ...args) {
    const [bytes, offset, length, position] = args as [Buffer, number, number, number];
    steps.pass("before the write");
    steps.pass("amid the write", (part) => {
      writeSync((this as FileHandle).fd, bytes, offset, Math.ceil(length * part), position);
    });
    const result = await write.apply(this, args);
    steps.pass("after the write");
    return result;
  };
  Object.assign(file, {
    write: torn,
    sync: around("the fsync", sync),
    truncate: around("the truncate", truncate),
  });
}
