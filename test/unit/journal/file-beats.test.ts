// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Beats, copyBeats, openStore } from "@elevation/journal";
import { afterEach, beforeEach, describe, it } from "mocha";
import { BEAT, beatsConform } from "../../conformance/beats";

describe("beats beside a file", () => {
  let folder: string;
  let alive: string;
  const journal = () => join(folder, "journal.jsonl");
  const open = (): Beats => {
    const beats = openStore(`file:${journal()}`).beats?.();
    assert.ok(beats);
    return beats;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "elevation-beats-"));
    alive = `${journal()}.alive`;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  beatsConform("as all are", open);

  it("when it is written, then it is its owner's alone, and nothing unfinished is left", async () => {
    await open().say(BEAT);
    assert.deepEqual(readdirSync(alive), ["reaper.json"]);
    assert.deepEqual([statSync(alive).mode & 0o777, statSync(join(alive, "reaper.json")).mode & 0o777], [0o700, 0o600]);
  });

  it("when something stands there that is no beat, then it is passed over", async () => {
    const beats = open();
    await beats.say(BEAT);
    const text = (change: object) =>
      JSON.stringify({
        by: "schedule",
        environments: null,
        at: "2026-11-24T12:00:00Z",
        everySeconds: 60,
        stopped: false,
        ...change,
      });
    const bad = [
      "",
      "[",
      "null",
      text({ by: "mallory" }),
      text({ environments: ["No Name"] }),
      text({ environments: "production" }),
      text({ at: "yesterday" }),
      text({ everySeconds: 0.9 }),
      text({ everySeconds: 7 * 86_400 + 1 }),
      text({ everySeconds: "60" }),
      text({ stopped: 0 }),
      text({ more: "x".repeat(256 * 1024) }),
    ];
    for (const content of bad) {
      writeFileSync(join(alive, "schedule.json"), content);
      assert.deepEqual((await beats.hear()).beats, [BEAT], content.slice(0, 80));
    }
    writeFileSync(join(alive, "schedule.json"), text({}));
    assert.equal((await beats.hear()).beats.length, 2);
    writeFileSync(join(alive, "other.json"), text({}));
    rmSync(join(alive, "schedule.json"));
    mkdirSync(join(alive, "schedule.json"));
    execFileSync("mkfifo", [join(alive, "schedule-0123456789abcdef.json")]);
    assert.deepEqual((await beats.hear()).beats, [BEAT]);
  });

  it("when it is copied, then the copy says when, takes the place of an older one, and hears nothing more", async () => {
    await open().say({ ...BEAT, at: BEAT.at + 1 });
    await copyBeats(journal(), { beats: [BEAT], copiedAt: null }, BEAT.at + 5_000);
    await open().say({ ...BEAT, at: BEAT.at + 60_000 });
    assert.deepEqual(await open().hear(), { beats: [BEAT], copiedAt: BEAT.at + 5_000 });
    for (const content of ["", "{}", '{"copiedAt":"yesterday","beats":[]}', '{"copiedAt":"2026-11-24T12:00:00Z"}']) {
      writeFileSync(join(alive, "copy.json"), content);
      assert.deepEqual(await open().hear(), { beats: [], copiedAt: null });
    }
  });

  it("when the system refuses, then that is said, with the folder", async function () {
    if (process.getuid?.() === 0) this.skip();
    mkdirSync(alive);
    chmodSync(alive, 0);
    await assert.rejects(open().say(BEAT), {
      code: "write-failed",
      message: `nobody can be told that grants are watched over: \`${alive}\` (EACCES); check the folder and the rights on it`,
    });
    await assert.rejects(open().hear(), {
      code: "unreadable",
      message: `whether grants are watched over can't be read in \`${alive}\` (EACCES); check the folder and the rights on it`,
    });
    chmodSync(alive, 0o700);
  });

  it("when something else stands in the folder's place, then that is said", async () => {
    writeFileSync(alive, "");
    await assert.rejects(open().say(BEAT), /nobody can be told that grants are watched over: `.+\.alive` \(EEXIST\)/);
    await assert.rejects(open().hear(), /whether grants are watched over can't be read in `.+\.alive` \(ENOTDIR\)/);
  });
});
