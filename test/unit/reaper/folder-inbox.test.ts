// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FolderInbox } from "@elevation/reaper/folder-inbox";

const NONE = new Set<string>();

describe("an inbox that is a folder", () => {
  let folder: string;
  let inbox: FolderInbox;
  const put = (name: string, text: string | Uint8Array = "{}") => writeFileSync(join(folder, name), text);
  const read = (name: string) => readFileSync(join(folder, name), "utf8");

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "elevation-inbox-"));
    inbox = new FolderInbox(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function only(name: string) {
    const letters = await inbox.waiting(NONE, () => 0);
    assert.deepEqual(
      letters.map((letter) => letter.name),
      [name],
    );
    return letters[0] as (typeof letters)[0];
  }

  it("when files arrive, then they are letters in order of their names, but for those that are wanted no more", async () => {
    for (const name of ["b.json", "a.json", ".c.json.tmp", "d"]) put(name);
    mkdirSync(join(folder, "some-folder"));
    assert.deepEqual(await inbox.waiting(new Set(["d"]), () => 0), [
      { name: "a.json", text: "{}", fault: null },
      { name: "b.json", text: "{}", fault: null },
    ]);
  });

  it("when a letter is settled, then it is moved, beside the reason", async () => {
    put("a.json", "one");
    await inbox.settle(await only("a.json"), "done", "it was obeyed");
    assert.deepEqual(readdirSync(folder).sort(), ["done", "refused"]);
    assert.deepEqual([read("done/a.json"), read("done/a.json.reason")], ["one", "it was obeyed\n"]);
  });

  it("when another letter of that name was settled before, then nothing is overwritten", async () => {
    for (const text of ["one", "two", "three"]) {
      put("a.json", text);
      await inbox.settle(await only("a.json"), "refused", `because of ${text}`);
    }
    put("a.json.reason", "four");
    await inbox.settle(await only("a.json.reason"), "refused", "because of four");
    assert.deepEqual(
      ["a.json", "a.json.1", "a.json.2", "a.json.reason.1"].map((name) => read(`refused/${name}`)),
      ["one", "two", "three", "four"],
    );
    assert.deepEqual(
      ["a.json", "a.json.1", "a.json.2", "a.json.reason.1"].map((name) => read(`refused/${name}.reason`)),
      ["one", "two", "three", "four"].map((text) => `because of ${text}\n`),
    );
  });

  it("when somebody else took it meanwhile, then nothing is left of it, and nothing said", async () => {
    put("a.json");
    const letter = await only("a.json");
    rmSync(join(folder, "a.json"));
    await inbox.settle(letter, "done", "it was obeyed");
    assert.deepEqual(readdirSync(join(folder, "done")), []);
  });

  it("when something else bears its name by then, then that stays, and is read next", async () => {
    put("a.json", "one");
    const letter = await only("a.json");
    put(".b.json", "two");
    renameSync(join(folder, ".b.json"), join(folder, "a.json"));
    await inbox.settle(letter, "done", "it was obeyed");
    assert.deepEqual(readdirSync(join(folder, "done")), []);
    const next = await only("a.json");
    assert.equal(next.text, "two");
    await inbox.settle(next, "refused", "because of two");
    assert.deepEqual([read("refused/a.json"), readdirSync(folder).sort()], ["two", ["done", "refused"]]);
  });

  it("when it can be read no more by then, or only then, then it stays, too", async () => {
    put("a.json", "one");
    const letter = await only("a.json");
    rmSync(join(folder, "a.json"));
    symlinkSync(join(folder, "done"), join(folder, "a.json"));
    await inbox.settle(letter, "done", "it was obeyed");
    const link = await only("a.json");
    rmSync(join(folder, "a.json"));
    put("a.json", "two");
    await inbox.settle(link, "refused", "it is a link");
    assert.equal((await only("a.json")).text, "two");
    assert.deepEqual(readdirSync(join(folder, "refused")), []);
  });

  it("when it is a link, then it isn't followed, and itself is moved", async () => {
    writeFileSync(join(folder, "done", "secret"), "a secret");
    symlinkSync(join(folder, "done", "secret"), join(folder, "a.json"));
    const letter = await only("a.json");
    assert.deepEqual(letter, {
      name: "a.json",
      text: null,
      fault: "it is a symbolic link; put the order itself there",
    });
    await inbox.settle(letter, "refused", "it is a link");
    assert.ok(lstatSync(join(folder, "refused", "a.json")).isSymbolicLink());
    assert.equal(read("done/secret"), "a secret");
  });

  it("when it is a pipe that nobody writes to, then nobody waits for it", async () => {
    execFileSync("mkfifo", [join(folder, "a.json")]);
    assert.equal((await only("a.json")).fault, "it is no file; put an order there");
  });

  it("when it is as long as an order may be, then it is read, and a byte more isn't", async () => {
    put("a.json", "a".repeat(16_384));
    assert.equal((await only("a.json")).text?.length, 16_384);
    put("a.json", "a".repeat(16_385));
    assert.equal((await only("a.json")).fault, "it has more than 16384 bytes, which no order needs; make it shorter");
  });

  it("when names that are no UTF-8 stand before it, however many, then it is read all the same", async () => {
    for (let n = 0; n < 100; n++) {
      const name = Buffer.concat([Buffer.from(join(folder, `!${n}`)), Buffer.from([0xff])]);
      writeFileSync(name, "junk");
    }
    put("a.json", "an order");
    assert.equal((await only("a.json")).text, "an order");
  });

  it("when it is no text, then that is said", async () => {
    put("a.json", Buffer.from([0x7b, 0xff, 0x7d]));
    assert.equal((await only("a.json")).fault, "it is not UTF-8 text; save it as UTF-8");
  });

  it("when the reaper may not read it, then that is said, and it is moved all the same", async function () {
    if (process.getuid?.() === 0) this.skip();
    put("a.json");
    chmodSync(join(folder, "a.json"), 0);
    const letter = await only("a.json");
    assert.equal(letter.fault, "it can't be read (EACCES); let the reaper read it");
    await inbox.settle(letter, "refused", "unreadable");
    assert.ok(existsSync(join(folder, "refused", "a.json")));
  });

  it("when its name is as long as names may be, or strange, then it is settled", async () => {
    for (const name of ["n".repeat(255), "a\nb\u001b[31m.json", "-rf", "..json"].filter(
      (name) => !name.startsWith(".."),
    )) {
      put(name, name);
      await inbox.settle(await only(name), "refused", "strange");
    }
    const kept = readdirSync(join(folder, "refused")).filter((name) => !name.endsWith(".reason"));
    assert.deepEqual(
      kept.sort(),
      ["-rf", "a\nb\u001b[31m.json", kept.find((name) => /^[0-9a-f]{64}$/.test(name))].sort(),
    );
  });

  it("when more arrive than are served at a time, then chance says which come first, and the rest is there afterwards", async () => {
    for (let index = 0; index < 130; index++) put(`${1000 + index}.json`);
    let seed = 1;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    let last = 0;
    for (let look = 0; look < 20; look++) {
      const first = new Set((await inbox.waiting(NONE, random)).map(({ name }) => name));
      assert.equal(first.size, 100);
      assert.equal((await inbox.waiting(first, random)).length, 30);
      if (first.has("1129.json")) last++;
    }
    assert.ok(last > 5 && last < 20, `the last by name came with the first ${last} times of 20`);
  });

  it("when the folder is gone, then that is said each time, and it is used again when it is back", async () => {
    rmSync(folder, { recursive: true });
    await assert.rejects(
      inbox.waiting(NONE, () => 0),
      { code: "ENOENT" },
    );
    mkdirSync(folder);
    put("a.json");
    await only("a.json");
  });

  it("when `done` is a link, then the folder isn't used", () => {
    rmSync(join(folder, "done"), { recursive: true });
    symlinkSync(tmpdir(), join(folder, "done"));
    assert.throws(() => new FolderInbox(folder), { message: "`done` in it is no folder" });
  });
});
