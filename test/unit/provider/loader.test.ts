// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Grant, type GrantArgs } from "@elevation/provider";
import { readRequestFiles } from "@elevation/provider/loader";
import { aRequest } from "../../support/lifecycle";

describe("the loader of request files", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "elevation-requests-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (name: string, value: unknown) =>
    writeFileSync(join(folder, name), typeof value === "string" ? value : JSON.stringify(value));

  it("when files lie in folders, then each is read with its path below the requests folder", () => {
    mkdirSync(join(folder, "team"));
    write("team/b.json", aRequest({}, "b"));
    write("a.json", aRequest({}, "a"));
    write("README.md", "# not a request");
    assert.deepEqual(
      readRequestFiles(folder).map(({ origin }) => origin),
      ["a.json", "team/b.json"],
    );
  });

  it("when something may be meant as a request and isn't read, then it is an error that names it", () => {
    mkdirSync(join(folder, "team"));
    mkdirSync(join(folder, "elsewhere"));
    write("good.json", aRequest({}, "good"));
    write("a.YAML", aRequest({}, "a"));
    write("team/b.Json", aRequest({}, "b"));
    symlinkSync(join(folder, "good.json"), join(folder, "link.json"));
    symlinkSync(join(folder, "elsewhere"), join(folder, "team", "folder"));
    symlinkSync("nowhere", join(folder, "NOTES.md"));
    execFileSync("mkfifo", [join(folder, "pipe.yml")]);
    const link = "it is a symbolic link; put the file itself here";
    assert.throws(() => readRequestFiles(folder), {
      code: "input-invalid",
      message: [
        `${folder}/NOTES.md: ${link}`,
        `${folder}/a.YAML: its name ends in \`.YAML\`, request files end in lower case; rename it to end in \`.yaml\``,
        `${folder}/link.json: ${link}`,
        `${folder}/pipe.yml: it is no regular file; put one here`,
        `${folder}/team/b.Json: its name ends in \`.Json\`, request files end in lower case; rename it to end in \`.json\``,
        `${folder}/team/folder: ${link}`,
      ].join("\n"),
    });
  });

  it("when other files lie around, also hidden ones, then they are passed over", () => {
    write("a.json", aRequest({}, "a"));
    for (const name of ["README.md", ".gitkeep", ".hidden.YAML", "a.json.bak", "yaml"]) write(name, "not a request");
    symlinkSync("alice@host.1234", join(folder, ".#a.json"));
    assert.deepEqual(
      readRequestFiles(folder).map(({ origin }) => origin),
      ["a.json"],
    );
  });

  it("when two files have one name, then the error names both", () => {
    write("a.json", aRequest({}, "same"));
    write("b.json", aRequest({ duration: "PT5M" }, "same"));
    assert.throws(() => readRequestFiles(folder), {
      code: "input-invalid",
      message: `\`${folder}/a.json\` and \`${folder}/b.json\` are both named \`same\`; give each request a name of its own`,
    });
  });

  it("when files are malformed, then every problem of every file is said at its place", () => {
    write("a.yaml", "apiVersion: elevation/v1\nkind: Request\nmetadata: { name: a }\nspec: { reason: x }\n");
    write("b.yaml", "kind: [\n");
    assert.throws(
      () => readRequestFiles(folder),
      (error: Error) => {
        assert.match(error.message, new RegExp(`^${folder}/a\\.yaml:4:1: .*requester`, "m"));
        assert.match(error.message, new RegExp(`^${folder}/b\\.yaml:\\d+:\\d+: `, "m"));
        return true;
      },
    );
  });

  it("when the folder is missing, then it is an error: it must never look like withdrawn requests", () => {
    assert.throws(() => readRequestFiles(join(folder, "gone")), {
      message: `the requests folder \`${folder}/gone\` is missing; create it, empty if there are no requests`,
    });
  });
});

describe("a Grant in a program", () => {
  const { metadata, spec } = aRequest();
  for (const option of [
    "retainOnDelete",
    "deletedWith",
    "protect",
    "ignoreChanges",
    "aliases",
    "import",
    "customTimeouts",
  ]) {
    it(`when it is given ${option}, then its constructor refuses it`, () => {
      assert.throws(() => new Grant({ metadata, spec }, { [option]: true }), {
        code: "input-invalid",
        message: `grant \`alice-orders\` has the resource option \`${option}\`; only \`dependsOn\` is allowed, since others can keep access open or hide a change; remove it`,
      });
    });
  }

  it("when its request is malformed, then its constructor says what is wrong", () => {
    const bad = { metadata, spec: { ...spec, duration: "P1M" } } as GrantArgs;
    assert.throws(() => new Grant(bad), /grant `alice-orders`: .*P1M/);
  });
});
