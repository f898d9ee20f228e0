// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { copyFileSync, rmSync } from "node:fs";
import { formatInstant } from "@elevation/domain";
import { initJournal, Journal, openStore } from "@elevation/journal";
import {
  activate,
  GrantError,
  type GrantInputs,
  type GrantState,
  read,
  reap,
  remove,
  update,
  type World,
} from "@elevation/provider/lifecycle";
import { JOB } from "../support/journal-events";
import { aRequest, createWorld, inputsOf, START, type TestWorld } from "../support/lifecycle";

const MINUTE = 60_000;
const NOT_THERE = "correct `ELEVATION_JOURNAL`, or make one with `elevate journal init`";

describe("a journal that is lost (docs/faults.md)", () => {
  let world: TestWorld;
  const live = inputsOf(aRequest({ duration: "PT10M" }, "live"));
  const ended = inputsOf(aRequest({ duration: "PT10M" }, "ended"));
  const fresh = inputsOf(aRequest({}, "fresh"));
  let state: GrantState;

  beforeEach(async () => {
    world = await createWorld();
    state = await activate(world, live);
    await remove(world, await activate(world, ended));
    await world.restart();
    copyFileSync(world.journalFile, `${world.journalFile}.copy`);
    rmSync(world.journalFile);
  });
  afterEach(() => world.dispose());

  const stands = ({ digest }: GrantInputs) => world.target.things.has(world.target.objectName(digest));
  const refused = (message: string) => ({ code: "journal-untrusted", message });
  const pass = (of: World, states: readonly GrantState[]) =>
    reap(of, { declared: null, states, environments: null, atOnce: 4 });

  /** What a process sees whose job names the journal that was made in its place. */
  async function withNewJournal(): Promise<World & { readonly close: () => Promise<void> }> {
    const address = `file:${world.journalFile}`;
    const { hash } = await initJournal(openStore(address), JOB, world.now);
    const opened = Journal.open(openStore(address), hash).catch((error: Error) => {
      throw new GrantError("journal-untrusted", error.message, { cause: error });
    });
    return { ...world, clock: () => world.now, journal: () => opened, close: async () => (await opened).close() };
  }

  it("when it is gone, then nothing is granted or changed, what is live stays until its end, and then ends, unrecorded", async () => {
    const gone = refused(`there is no journal at \`file:${world.journalFile}\`; ${NOT_THERE}`);
    await assert.rejects(activate(world, fresh), gone);
    await assert.rejects(activate(world, ended), gone);
    await assert.rejects(update(world, state, live), gone);
    assert.deepEqual([stands(fresh), stands(ended)], [false, false]);
    assert.deepEqual(await read(world, state), state);

    world.now = START + 10 * MINUTE;
    const { reaped, untrusted } = await pass(world, [state]);
    assert.equal(untrusted, gone.message);
    assert.deepEqual(
      reaped.map(({ name, outcome }) => [name, outcome]),
      [["live", "unrecorded"]],
    );
    assert.equal(stands(live), false);
  });

  it("when a copy takes its place, then all goes on, and what ended meanwhile is recorded", async () => {
    world.now = START + 10 * MINUTE;
    await assert.rejects(read(world, state), { code: "journal-untrusted" });
    copyFileSync(`${world.journalFile}.copy`, world.journalFile);
    await world.restart();
    assert.equal(await read(world, state), null);
    assert.equal((await activate(world, fresh)).status, "active");
  });

  it("when a new one takes its place, then no request from before it opens anything, the others do, and what an old state holds can be ended and not recorded", async () => {
    world.now = START + MINUTE;
    const after = await withNewJournal();
    for (const old of [ended, live, fresh]) assert.equal((await activate(after, old)).status, "failed");
    assert.deepEqual([stands(ended), stands(fresh)], [false, false]);
    const opened = "the journal was opened at 2026-11-24T10:01:00.000Z and knows nothing older; write a new request";
    assert.equal(
      world.said.at(-1),
      `\`fresh\` creates nothing: \`fresh\` is dated \`2026-11-24T09:30:00Z\`, ${opened}`,
    );
    const later = inputsOf(aRequest({ requestedAt: formatInstant(world.now) }, "later"));
    assert.equal((await activate(after, later)).status, "active");

    const seen = state.witness?.seq;
    const lacks = `the journal lacks event ${seen}, which this stack's state has seen: it was cut, replaced or restored from a backup; restore the whole journal`;
    await assert.rejects(
      remove(after, state),
      refused(
        `the access was ended at \`orders\`, but that can't be recorded: ${lacks}; the resource stays until it is`,
      ),
    );
    assert.equal(stands(live), false);
    const last = inputsOf(aRequest({ requestedAt: formatInstant(world.now) }, "last"));
    await assert.rejects(activate(after, last), refused(lacks));
    await after.close();
  });

  it("when the job still names the old one, then the new one is not trusted", async () => {
    const after = await withNewJournal();
    await after.close();
    const fix =
      /: its id is [0-9a-f]{64}, the one to be trusted is [0-9a-f]{64}; correct `ELEVATION_JOURNAL`, or bring the right journal back$/;
    await assert.rejects(activate(world, fresh), { code: "journal-untrusted", message: fix });
  });
});
