// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { JournalEvent } from "@elevation/domain";
import { aProject, elevate, type Project, TIMEOUT } from "./elevate";

describe("elevate journal init", () => {
  let project: Project;
  let address: string;

  beforeEach(() => {
    project = aProject();
    address = `file:${join(project.path, "journal.jsonl")}`;
  });
  afterEach(() => project.remove());

  const init = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    elevate(["journal", "init", ...args], { cwd: project.path, env });

  it("when there is none, then it is opened, and what to set is printed", async () => {
    const { exit, stdout, stderr } = await init({ ELEVATION_JOURNAL: address });
    const opened = JSON.parse(project.read("journal.jsonl")) as JournalEvent;
    assert.deepEqual(
      [exit, stdout, stderr],
      [
        0,
        `opened the journal ${address}, id ${opened.hash}
set in every job that uses it:
  export ELEVATION_JOURNAL=${address}
  export ELEVATION_JOURNAL_ID=${opened.hash}
`,
        "",
      ],
    );
    assert.deepEqual(
      [opened.seq, opened.type, opened.request, opened.actor],
      [1, "opened", null, { kind: "person", key: "unverified" }],
    );
    assert.equal(statSync(join(project.path, "journal.jsonl")).mode & 0o777, 0o600);
  });

  it("when the path has a blank and a quote, then the shell reads what is printed as it is", async () => {
    const odd = `file:${join(project.path, "it's here.jsonl")}`;
    const { stdout } = await init({ ELEVATION_JOURNAL: odd });
    assert.ok(stdout.includes(`  export ELEVATION_JOURNAL='${odd.replace("'", "'\\''")}'\n`), stdout);
  });

  it("when --json is given, then journal and id are printed", async () => {
    const { exit, stdout } = await init({ ELEVATION_JOURNAL: address }, "--json");
    const { hash } = JSON.parse(project.read("journal.jsonl")) as JournalEvent;
    assert.deepEqual([exit, JSON.parse(stdout)], [0, { journal: address, id: hash }]);
  });

  it("when there is one already, then nothing is changed", async () => {
    await init({ ELEVATION_JOURNAL: address });
    const before = project.read("journal.jsonl");
    assert.deepEqual(await init({ ELEVATION_JOURNAL: address }), {
      exit: 2,
      stdout: "",
      stderr: `error: something stands at \`${address}\` already; use the journal that it is, or choose another path\n`,
    });
    assert.equal(project.read("journal.jsonl"), before);
  });

  it("when the id of another journal is still set, then that is said", async () => {
    const { exit, stderr } = await init({ ELEVATION_JOURNAL: address, ELEVATION_JOURNAL_ID: "0".repeat(64) });
    assert.deepEqual(
      [exit, stderr],
      [0, "`ELEVATION_JOURNAL_ID` is still set to the id of another journal; replace it by the new one\n"],
    );
  });

  it("when it can't be opened, then nothing is made and stderr says why", async () => {
    const gone = `file:${join(project.path, "gone", "journal.jsonl")}`;
    const runs = await Promise.all([
      init({}),
      init({ ELEVATION_JOURNAL: address }, "--journal", address),
      init({ ELEVATION_JOURNAL: join(project.path, "journal.jsonl") }),
      init({ ELEVATION_JOURNAL: "file:journal.jsonl" }),
      init({ ELEVATION_JOURNAL: gone }),
      init({ ELEVATION_JOURNAL: address, ELEVATION_ADMINS: "SHA256:abc" }),
    ]);
    const path = join(project.path, "journal.jsonl");
    assert.deepEqual(
      runs.map(({ exit, stdout, stderr }) => [exit, stdout, stderr]),
      [
        [
          2,
          "",
          "error: `ELEVATION_JOURNAL` is not set; set it to where the journal shall be, as in file:/var/lib/elevation/journal.jsonl\n",
        ],
        [
          2,
          "",
          "error: `--journal` is good only where nothing is changed; set `ELEVATION_JOURNAL`, as every job that writes the journal must\n",
        ],
        [2, "", `error: the journal's address \`${path}\` names no store; write \`file:${path}\`\n`],
        [
          2,
          "",
          "error: the journal's address `file:journal.jsonl` is relative, and processes that share it run in different folders; write an absolute path\n",
        ],
        [4, "", `error: the journal \`${gone}\` cannot be made: its folder does not exist; make the folder first\n`],
        [
          2,
          "",
          "error: `ELEVATION_ADMINS` is set, but this version does not verify trust bundles; unset it, or use a version that does\n",
        ],
      ],
    );
    assert.equal(existsSync(path), false);
  });
}).timeout(TIMEOUT);
