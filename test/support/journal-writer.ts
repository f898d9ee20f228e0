// SPDX-License-Identifier: Apache-2.0
// A process of its own that writes to a journal, for tests of several writers and of killed ones.
import { once } from "node:events";
import { isJournalError, Journal, openStore } from "@elevation/journal";
import { aNote } from "./journal-events";
import type { WriterTask } from "./journal-process";

/** Says one thing to the parent; it has left this process when the promise resolves. */
function tell(what: unknown): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(what)}\n`, () => resolve()));
}

async function appendAll(task: WriterTask): Promise<void> {
  const store = openStore(task.address);
  const padding = "x".repeat(task.padding ?? 0);
  for (let i = 0; i < task.count; i++) {
    const batch = Array.from({ length: task.batch ?? 1 }, (_, part) => aNote({ name: task.name, i, part, padding }));
    const events = await store.append(batch);
    await tell({ appended: events.map(({ seq, hash }) => ({ seq, hash })) });
  }
}

async function stepAll(task: WriterTask): Promise<void> {
  const journal = await Journal.open(openStore(task.address), task.id);
  for (let i = 0; i < task.count; i++) {
    const { events } = await journal.step(({ head }) => ({
      events: [aNote({ name: task.name, i, judgedBy: head.seq })],
      result: null,
    }));
    await tell({ appended: events.map(({ seq, hash }) => ({ seq, hash })) });
  }
}

async function main(task: WriterTask): Promise<void> {
  await tell({ ready: true });
  await once(process.stdin, "data");
  process.stdin.pause();
  try {
    await (task.does === "append" ? appendAll(task) : stepAll(task));
  } catch (error) {
    await tell({ error: isJournalError(error) ? { code: error.code, message: error.message } : String(error) });
  }
}

void main(JSON.parse(process.argv[2] ?? "{}") as WriterTask);
