// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { JournalEvent } from "@elevation/domain";
import { aRequest, eventOf, intentOf } from "./documents";
import { aJournal, aProject, elevate, type Project, TIMEOUT } from "./elevate";

describe("elevate audit verify", () => {
  let project: Project;
  let journal: Awaited<ReturnType<typeof aJournal>>;
  let events: readonly JournalEvent[];

  beforeEach(async () => {
    project = aProject();
    journal = await aJournal(project);
    const intent = intentOf(aRequest());
    await journal.journal.append([intent, eventOf(intent.request, { type: "activated", data: { adopted: false } })]);
    events = project
      .read("journal.jsonl")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as JournalEvent);
  });
  afterEach(async () => {
    await journal.journal.close();
    project.remove();
  });

  const verify = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    elevate(["audit", "verify", ...args], { cwd: project.path, env });
  const copy = (changed: readonly unknown[], tail = "") =>
    project.write("copy.jsonl", changed.map((event) => `${JSON.stringify(event)}\n`).join("") + tail);
  const COPY = ["--journal", "file:copy.jsonl"];

  it("when the chain holds, then it says how far and of which journal", async () => {
    const head = events[2]?.hash;
    assert.deepEqual(await verify(journal.env), {
      exit: 0,
      stdout: `3 events verified, head ${head}, opened 2026-11-01T00:00:00Z, id ${journal.id}\n`,
      stderr: "",
    });
    const { exit, stdout } = await verify(journal.env, "--json");
    assert.deepEqual(
      [exit, JSON.parse(stdout)],
      [
        0,
        {
          verified: true,
          journal: journal.address,
          events: 3,
          withoutData: 0,
          unfinishedBytes: 0,
          head: { seq: 3, hash: head },
          id: journal.id,
          openedAt: "2026-11-01T00:00:00.000Z",
        },
      ],
    );
  });

  it("when it is an export without data and salt, then it verifies and says so", async () => {
    copy(events.map(({ data: _data, salt: _salt, ...event }) => event));
    const { exit, stdout, stderr } = await verify({}, ...COPY);
    assert.deepEqual(
      [exit, stdout, stderr],
      [
        0,
        `3 events verified (all without data, as exported), head ${events[2]?.hash}, opened 2026-11-01T00:00:00Z, id ${journal.id}\n`,
        "",
      ],
    );
  });

  it("when the last line is not finished, then that is reported and is no failure", async () => {
    copy(events, '{"seq":4,"at":"2026');
    const { exit, stdout, stderr } = await verify({}, ...COPY);
    assert.deepEqual(
      [exit, stdout, stderr],
      [
        0,
        `3 events verified, head ${events[2]?.hash}, opened 2026-11-01T00:00:00Z, id ${journal.id}\n`,
        "the last line is not finished (19 bytes): a writer is at work, or was killed; it is no part of the chain, and the next writer cuts it off\n",
      ],
    );
  });

  it("when something was changed, then it says at which event and what", async () => {
    const [one, two, three] = events;
    const rows: readonly (readonly [string, readonly unknown[], string])[] = [
      [
        "a field",
        [one, { ...two, at: "2026-11-24T09:00:00.000Z" }, three],
        "event 2: its `hash` is not that of its fields",
      ],
      [
        "the data",
        [one, { ...two, data: { ...(two?.data as object), requester: "mallory@example.com" } }, three],
        "event 2: its `digest` is not that of its data",
      ],
      ["an event is missing", [one, three], "event 2: its `seq` is 3"],
      ["two events are swapped", [one, three, two], "event 2: its `seq` is 3"],
      [
        "a field was added",
        [one, two, { ...three, note: "all good" }],
        "event 3: its field `note` is none of a journal event",
      ],
      ["a line is no event", [one, null, three], "event 2: it is no object"],
      ["the start is missing", [two, three], "event 1: its `seq` is 2"],
    ];
    for (const [name, changed, message] of rows) {
      copy(changed);
      const { exit, stdout, stderr } = await verify({}, ...COPY);
      const expected = `not verified: file:${join(project.path, "copy.jsonl")}, ${message}\n`;
      assert.deepEqual([exit, stdout, stderr], [1, expected, ""], name);
    }
  });

  it("when a line says a thing twice or in another form, then it does not verify, with and without data", async () => {
    const full = events.map((event) => JSON.stringify(event));
    const exported = events.map(({ data: _data, salt: _salt, ...event }) => JSON.stringify(event));
    const rows: readonly (readonly [string, readonly string[], (line: string) => string, string])[] = [
      [
        "forged data before the real",
        full,
        (line) => line.replace('"data":', '"data":{"requester":"mallory"},"data":'),
        "data",
      ],
      ["forged data within the real", full, (line) => line.replace('"data":{', '"data":{"adopted":true,'), "adopted"],
      ["a second number", full, (line) => line.replace('{"seq":3', '{"seq":9,"seq":3'), "seq"],
      ["a second number in an export", exported, (line) => line.replace('{"seq":3', '{"seq":9, "seq":3'), "seq"],
    ];
    for (const [name, lines, forge, key] of rows) {
      const forged = lines.with(2, forge(lines[2] ?? ""));
      assert.notDeepEqual(forged, lines, name);
      project.write("copy.jsonl", `${forged.join("\n")}\n`);
      const { exit, stdout, stderr } = await verify({}, ...COPY);
      const expected = `not verified: file:${join(project.path, "copy.jsonl")}, event 3: its key \`${key}\` stands twice\n`;
      assert.deepEqual([exit, stdout, stderr], [1, expected, ""], name);
    }
  });

  it("when an export was written by another tool, with blanks and escapes, then it verifies", async () => {
    const spaced = events
      .map(({ data: _data, salt: _salt, ...event }) => JSON.stringify(event))
      .map((line) => line.replace(/,"/g, ', "').replace('"activated"', '"\\u0061ctivated"'));
    project.write("copy.jsonl", `${spaced.join("\r\n")}\r\n`);
    assert.equal((await verify({}, ...COPY)).exit, 0);
  });

  it("when a line is no JSON, then what is wrong before it is found first", async () => {
    const [one, two, three] = events;
    project.write("copy.jsonl", `${JSON.stringify(one)}\n${JSON.stringify(two)}\nnot JSON\n${JSON.stringify(three)}\n`);
    const { exit, stdout } = await verify({}, ...COPY, "--json");
    assert.deepEqual(
      [exit, JSON.parse(stdout)],
      [
        1,
        {
          verified: false,
          journal: `file:${join(project.path, "copy.jsonl")}`,
          events: 2,
          withoutData: 0,
          unfinishedBytes: 0,
          head: { seq: 2, hash: two?.hash },
          id: journal.id,
          openedAt: "2026-11-01T00:00:00.000Z",
          problem: { seq: 3, message: "event 3: it is not JSON" },
        },
      ],
    );
    project.write("copy.jsonl", `${JSON.stringify({ ...one, hash: two?.hash })}\nnot JSON\n`);
    const { problem } = JSON.parse((await verify({}, ...COPY, "--json")).stdout) as { problem: unknown };
    assert.deepEqual(problem, { seq: 1, message: "event 1: its `hash` is not that of its fields" });
  });

  it("when it is another journal, then it fails, however it was named", async () => {
    const other = "0".repeat(64);
    const env = { ...journal.env, ELEVATION_JOURNAL_ID: other };
    for (const args of [[], ["--journal", "file:journal.jsonl"]]) {
      const { exit, stdout } = await verify(env, ...args);
      assert.deepEqual(
        [exit, stdout],
        [
          1,
          `not verified: ${journal.address}, event 1: the id is ${journal.id}, \`ELEVATION_JOURNAL_ID\` is \`${other}\`: it is another journal\n`,
        ],
      );
    }
  });

  it("when there is nothing to verify, then it is told from a bad address", async () => {
    project.write("copy.jsonl", "");
    mkdirSync(join(project.path, "folder"));
    const at = (name: string) => `\`file:${join(project.path, name)}\``;
    const runs = await Promise.all([
      verify({}),
      verify({}, "--journal", "file:gone"),
      verify({}, ...COPY),
      verify({}, "--journal", "file:folder"),
      verify({}, "--journal", "journal.jsonl"),
    ]);
    assert.deepEqual(
      runs.map(({ exit, stdout, stderr }) => [exit, stdout, stderr]),
      [
        [
          2,
          "",
          "error: no journal is given; set `ELEVATION_JOURNAL` or give `--journal`, as in file:/var/lib/elevation/journal.jsonl\n",
        ],
        [4, "", `error: there is no journal at ${at("gone")}; correct the address\n`],
        [
          4,
          "",
          `error: what stands at ${at("copy.jsonl")} holds no finished event, so it is no journal; correct the address\n`,
        ],
        [4, "", `error: what stands at ${at("folder")} is no regular file; name the journal or an export of it\n`],
        [2, "", "error: the journal's address names no store; use `file:PATH` or `postgres://…`\n"],
      ],
    );
  });

  it("when the system refuses to read it, then the store has failed", async () => {
    symlinkSync("loop.jsonl", join(project.path, "loop.jsonl"));
    assert.deepEqual(await verify({}, "--journal", "file:loop.jsonl"), {
      exit: 4,
      stdout: "",
      stderr: `error: the journal \`file:${join(project.path, "loop.jsonl")}\` cannot be read (ELOOP); check the file and its rights\n`,
    });
  });
}).timeout(TIMEOUT);
