// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSource } from "@elevation/cli/dist/documents";
import { Watched } from "@elevation/cli/dist/watched";
import { WatchedJudge } from "@elevation/cli/dist/watched-judge";
import { afterEach, beforeEach, describe, it } from "mocha";

const FILE = "drills.yaml";

describe("documents that may change", () => {
  let cwd: string;
  let said: string[];

  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "watched-"));
    said = [];
  });
  afterEach(() => rmSync(cwd, { recursive: true }));

  const say = (line: string) => said.push(line);
  const loop = (file: string) => symlinkSync(file, join(cwd, file));

  it("when a file can't be looked at, then what it said last counts, and why is told once", () => {
    writeFileSync(join(cwd, FILE), "one");
    const watched = new Watched(cwd, [FILE], () => readSource(cwd, FILE).text, say);
    assert.equal(watched.current(), "one");
    unlinkSync(join(cwd, FILE));
    loop(FILE);
    assert.deepEqual([watched.current(), watched.current(), watched.isBad], ["one", "one", true]);
    unlinkSync(join(cwd, FILE));
    assert.equal(watched.current(), "one");
    mkdirSync(join(cwd, FILE));
    assert.equal(watched.current(), "one");
    rmSync(join(cwd, FILE), { recursive: true });
    writeFileSync(join(cwd, FILE), "two");
    assert.deepEqual([watched.current(), watched.isBad], ["two", false]);
    assert.deepEqual(said, [
      "error: drills.yaml: it cannot be read (ELOOP); check the file and its rights",
      "error: drills.yaml: there is no such file; check the path",
      "error: drills.yaml: it is a folder, not a file; name the file",
    ]);
  });

  it("when policy and directory can't be looked at, then nothing is judged by them, and why is told once", () => {
    loop("policy.yaml");
    loop("directory.yaml");
    const watched = new WatchedJudge(cwd, "policy.yaml", "directory.yaml", say);
    assert.deepEqual(
      [watched.current(), watched.current(), watched.toGrantBy(), watched.isBad],
      [null, null, null, true],
    );
    assert.deepEqual(
      said,
      ["policy.yaml", "directory.yaml"].map(
        (file) => `error: ${file}: it cannot be read (ELOOP); check the file and its rights`,
      ),
    );
  });
});
