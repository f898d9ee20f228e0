// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Digest } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import type { GrantState } from "@elevation/provider/lifecycle";
import { aNote } from "../support/journal-events";
import { requireEvidence } from "./evidence";
import { type Shop, sharedShop } from "./shop";
import type { Work } from "./victim";
import { type Manner, Victims } from "./victims";

const theShop = sharedShop();

const LATER = 2 * 3_600_000;
/** Of `ulimit -f`, in bytes. */
const BLOCK = 1024;
const NOBODY = 65534;

/** A journal that can be read and not written: how it comes to be so for a process, and how it ends. */
interface Unwritable {
  readonly name: string;
  /** What the system says. */
  readonly says: string;
  /** Before the journal is made; why it can't be so on this machine, or null. */
  readonly prepare: (folder: string) => string | null;
  readonly begin: (journal: string) => Promise<Manner>;
  readonly end: (journal: string) => void;
}

const UNWRITABLE: readonly Unwritable[] = [
  {
    ...{
      name: "its process may write no longer file",
      says: "cannot be written (EFBIG); make room for it and run again",
    },
    prepare: () => null,
    begin: async (journal) => ({ shell: `ulimit -f ${await filledUp(journal)}` }),
    end: () => undefined,
  },
  {
    ...{ name: "its disk is full", says: "cannot be written (ENOSPC); make room for it and run again" },
    prepare: (folder) => {
      const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "elevation-test", folder]);
      return status === 0 ? null : `no small file system can be mounted here: ${stderr}`.trim();
    },
    begin: async (journal) => {
      const filler = `${journal}.filler`;
      // The last pages go one by one: what is left of the journal's own page is filled, too.
      for (const size of [BLOCK * 4, 1]) writeUntilFull(filler, size);
      await filledUp(journal, 4096).catch(() => undefined);
      return {};
    },
    end: (journal) => rmSync(`${journal}.filler`),
  },
  {
    ...{ name: "it is read-only", says: "cannot be opened for writing (EACCES); give this process the right to" },
    prepare: (folder) => {
      const isRoot = process.getuid?.() === 0;
      if (!isRoot) return null;
      chmodSync(dirname(folder), 0o755);
      const { status } = spawnSync(process.execPath, [require.resolve("@elevation/journal")], {
        uid: NOBODY,
        gid: NOBODY,
      });
      return status === 0 ? null : "as root nothing is read-only, and nobody else may read this repository";
    },
    begin: async (journal) => {
      chmodSync(journal, 0o444);
      return process.getuid?.() === 0 ? { as: NOBODY } : {};
    },
    end: (journal) => chmodSync(journal, 0o600),
  },
];

describe("a journal that can be read and not written", function () {
  this.timeout(120_000);
  let shop: Shop;
  let victims: Victims;

  before(async () => {
    shop = await theShop();
    victims = new Victims(shop.folder, 0);
  });
  after(async () => {
    await victims?.close();
  });

  for (const [index, { name, says, prepare, begin, end }] of UNWRITABLE.entries()) {
    it(`when ${name}, then nobody gets access, whoever must lose it does, and that is recorded as soon as it can be`, async function () {
      const folder = join(shop.folder, `disk-${index}`);
      mkdirSync(folder);
      const reason = prepare(folder);
      if (reason !== null) {
        process.stdout.write(`        skipped: ${reason}\n`);
        this.skip();
      }
      try {
        await unwritable(`disk-${index}/journal`, index, { says, begin, end });
      } finally {
        spawnSync("umount", [folder]);
      }
    });
  }

  async function unwritable(
    name: string,
    index: number,
    { says, begin, end }: Pick<Unwritable, "says" | "begin" | "end">,
  ) {
    const env = await shop.newJournal(name);
    const journal = join(shop.folder, `${name}.jsonl`);
    const n = 2 * index + 1;
    const [held, wanted] = [shop.ask("held", n), shop.ask("wanted", n + 1)];
    const run = (ahead: number, work: Work, manner: Manner = {}) =>
      victims.run({ env, ahead, work: [[work]], kill: null }, manner);
    const state = stateOf(await run(0, { does: "up", inputs: held, state: null }), held.digest);
    assert.deepEqual(await shop.workOf(n), [n]);

    const manner = await begin(journal);
    const before = readFileSync(journal);
    const up = await run(0, { does: "up", inputs: wanted, state: null }, manner);
    assert.deepEqual(up.errors, [`the journal \`file:${journal}\` ${says}`]);
    assert.deepEqual([up.states.size, await shop.stands(wanted), await shop.workOf(n + 1)], [0, false, []]);

    const ended = await run(LATER, { does: "read", state }, manner);
    assert.deepEqual(ended.errors, [`the journal \`file:${journal}\` ${says}`]);
    assert.deepEqual([ended.states.size, await shop.stands(held), await shop.workOf(n)], [0, false, []]);
    assert.deepEqual(readFileSync(journal), before, "what is there stays as it is");

    end(journal);
    const again = await run(LATER, { does: "read", state });
    assert.deepEqual([again.errors, again.states.get(held.digest)], [[], null]);
    assert.deepEqual((await run(0, { does: "up", inputs: wanted, state: null })).errors, []);
    assert.deepEqual(await shop.workOf(n + 1), [n + 1]);
    const events = await openStore(`file:${journal}`).read();
    requireEvidence(events);
    const types = events.filter(({ request }) => request === held.digest).map(({ type }) => type);
    assert.deepEqual(types, ["decided", "activating", "activated", "revoking", "expired"]);
    assert.deepEqual((await run(LATER, { does: "reap", declared: null, states: [], environments: null })).errors, []);
  }
});

function stateOf(
  { errors, states }: { errors: readonly string[]; states: ReadonlyMap<Digest, GrantState | null> },
  digest: Digest,
) {
  assert.deepEqual(errors, []);
  return states.get(digest) ?? assert.fail("no state");
}

/** Appends what makes a journal's file so many bytes long that not one more fits into its last block; returns how many blocks that are. */
async function filledUp(journal: string, block = BLOCK): Promise<number> {
  const store = openStore(`file:${journal}`);
  const size = () => statSync(journal).size;
  const start = size();
  await store.append([aNote({ padding: "" })]);
  const least = size() - start;
  const padding = (block - ((size() + least) % block)) % block;
  await store.append([aNote({ padding: "x".repeat(padding) })]);
  assert.equal(size() % block, 0);
  return size() / block;
}

function writeUntilFull(file: string, bytes: number): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(bytes), { flag: "a" });
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
  }
}
