// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { type Beat, copyBeats, openStore } from "@elevation/journal";
import { activate } from "@elevation/provider/lifecycle";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aRequest, createWorld, inputsOf, START, type TestWorld } from "../../support/lifecycle";
import { makePackFolder, startPack } from "./pack";

const NEVER =
  "advisory ends-watched: SILENT: nobody ever said that grants in `production` are being ended, and 1 grant is live there; start `elevate reap`, or give `--every` to what a scheduler runs";
const SINCE =
  "advisory ends-watched: SILENT: nobody who ends grants in `production` was heard of since 2026-11-24T10:00:00.000Z, and 1 grant is live there; see why `elevate reap`, or the schedule, reports no more";

describe("ends-watched", () => {
  let documents: { folder: string; remove: () => void };
  let world: TestWorld;

  beforeEach(async () => {
    documents = makePackFolder();
    world = await createWorld();
    await activate(world, inputsOf(aRequest()));
  });
  afterEach(async () => {
    documents.remove();
    await world.dispose();
  });

  const said = async (now: number, env: Record<string, string> = {}) => {
    const journal = await world.journal();
    const trusting = { ELEVATION_JOURNAL: `file:${world.journalFile}`, ELEVATION_JOURNAL_ID: journal.id };
    return startPack(documents.folder, () => now, { ...trusting, ...env }).analyzeStack([]);
  };
  const beats = () => openStore(`file:${world.journalFile}`).beats?.();
  const beat: Beat = { by: "reaper", environments: null, at: START, every: 30_000, stopped: false };

  it("when nobody ever said anything, then it advises at once", async () => {
    assert.deepEqual(await said(START), [NEVER]);
  });

  it("when two intervals have passed since anybody was heard, then it advises, and not a millisecond before", async () => {
    await beats()?.say(beat);
    assert.deepEqual(await said(START + 59_999), []);
    assert.deepEqual(await said(START + 60_000), [SINCE]);
  });

  it("when the journal is a copy, then it advises once the schedule has not renewed it for two intervals", async () => {
    const schedule: Beat = { ...beat, by: "schedule", every: 300_000 };
    await copyBeats(world.journalFile, { beats: [beat, schedule], copiedAt: null }, START);
    assert.deepEqual(await said(START + 599_999), []);
    assert.deepEqual(await said(START + 600_000), [SINCE]);
  });

  it("when nothing is live, or there is no journal to say so, then it is silent", async () => {
    assert.deepEqual(await said(START, { ELEVATION_JOURNAL: "", ELEVATION_JOURNAL_ID: "" }), []);
    const empty = await createWorld();
    const env = { ELEVATION_JOURNAL: `file:${empty.journalFile}`, ELEVATION_JOURNAL_ID: (await empty.journal()).id };
    assert.deepEqual(await said(START, env), []);
    await empty.dispose();
  });

  it("when what is heard can't be read, then it says so and goes on; a forged beat changes no verdict", async () => {
    writeFileSync(`${world.journalFile}.alive`, "");
    assert.deepEqual(await said(START), [
      `advisory ends-watched: SILENT: it is not known whether anybody ends grants: whether grants are watched over can't be read in \`${world.journalFile}.alive\` (ENOTDIR); check the folder and the rights on it`,
    ]);
  });

  it("when a beat is forged, then it says of itself alone that somebody lives", async () => {
    mkdirSync(`${world.journalFile}.alive`);
    const forged = { by: "schedule", environments: null, everySeconds: 604_800, stopped: false };
    const at = (text: string) =>
      writeFileSync(`${world.journalFile}.alive/schedule.json`, JSON.stringify({ ...forged, at: text }));
    at("2026-11-24T10:00:00Z");
    assert.deepEqual(await said(START + 14 * 86_400_000 - 1), []);
    at("2036-11-24T10:00:00Z");
    assert.equal((await said(START)).length, 1);
  });
});
