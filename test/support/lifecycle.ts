// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, type Instant, type Judge, parseInstant, type Request, readJudge } from "@elevation/domain";
import { initJournal, Journal, openStore } from "@elevation/journal";
import { GrantError, type GrantInputs, isGrantError, type World } from "@elevation/provider/lifecycle";
import { MemoryTarget } from "./memory-target";

/** The instant at which the tests' worlds begin. */
export const START = instant("2026-11-24T10:00:00Z");

const POLICY = `
apiVersion: elevation/v1
kind: Policy
environments: { production: {}, staging: {} }
roles:
  orders-admin:
    targets:
      production: { kind: postgres, connection: orders, role: orders_admin }
rules:
  - id: dba
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production]
    duration: { min: PT1S, default: PT30M, max: PT1H }
requests: { proof: none }
`;

const DIRECTORY = `
apiVersion: elevation/v1
kind: Directory
jobFunctions: { dba: {} }
people:
  alice@example.com: { name: Alice, jobFunctions: [dba], identities: { postgres: alice } }
  mallory@example.com: { name: Mallory, identities: { postgres: mallory } }
`;

/** A world of its own: a real journal in a temporary folder, a target in memory, a clock that tests set. */
export interface TestWorld extends World {
  now: Instant;
  readonly target: MemoryTarget;
  readonly said: string[];
  /** Path of the journal's file. */
  readonly journalFile: string;
  documents: Judge;
  /** Forgets what this "process" had in memory and opens the journal anew. */
  restart(): Promise<void>;
  /** Opens the journal anew from now on; whoever holds the old reading keeps it, as another process does. */
  fork(): void;
  dispose(): Promise<void>;
}

/** `now`: at which it begins; its journal was opened an hour before. */
export async function createWorld(now: Instant = START): Promise<TestWorld> {
  const folder = mkdtempSync(join(tmpdir(), "elevation-lifecycle-"));
  const journalFile = join(folder, "journal.jsonl");
  const address = `file:${journalFile}`;
  const actor = { kind: "job", key: "unverified" } as const;
  const head = await initJournal(openStore(address), actor, now - 3_600_000);
  let opened: Promise<Journal> | null = null;
  const forked: Promise<Journal>[] = [];
  const open = async (): Promise<Journal> => {
    try {
      return await Journal.open(openStore(address), head.hash);
    } catch (error) {
      throw new GrantError("journal-untrusted", (error as Error).message, { cause: error });
    }
  };
  const world: TestWorld = {
    now,
    clock: () => world.now,
    judge: () => world.documents,
    journal: () => {
      opened ??= open();
      return opened;
    },
    target: new MemoryTarget(() => world.now),
    targets: new Map(),
    environments: () => ["production"],
    anchorProblems: () => [],
    actor,
    said: [],
    say: (line) => void world.said.push(line),
    journalFile,
    documents: readJudge({ file: "elevation.yaml", text: POLICY }, { file: "directory.yaml", text: DIRECTORY }),
    restart: async () => {
      await (await opened?.catch(() => undefined))?.close();
      opened = null;
    },
    fork: () => {
      if (opened !== null) forked.push(opened);
      opened = null;
    },
    dispose: async () => {
      await world.restart();
      for (const journal of forked) await (await journal.catch(() => undefined))?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  (world.targets as Map<string, MemoryTarget>).set("postgres", world.target);
  return world;
}

export function aRequest(spec: Partial<Request["spec"]> = {}, name = "alice-orders"): Request {
  return {
    apiVersion: "elevation/v1",
    kind: "Request",
    metadata: { name },
    spec: {
      requester: "alice@example.com",
      role: "orders-admin",
      environment: "production",
      duration: "PT30M",
      requestedAt: "2026-11-24T09:30:00Z",
      reason: "Rebuild the orders index",
      ...spec,
    },
  };
}

export function inputsOf(request: Request, stack = "production"): GrantInputs {
  const where = { organization: "organization", project: "elevation", stack };
  return { request, digest: digestOf(request), origin: `${request.metadata.name}.yaml`, ...where };
}

export function instant(text: string): Instant {
  const parsed = parseInstant(text);
  if (parsed === null) throw new Error(`no instant: ${text}`);
  return parsed;
}

/** The types of the journal's events on a request, in order. */
export async function eventsOf(world: TestWorld, inputs: GrantInputs): Promise<string[]> {
  const events = await openStore(`file:${world.journalFile}`).read();
  return events.filter(({ request }) => request === inputs.digest).map(({ type }) => type);
}

export { isGrantError };
