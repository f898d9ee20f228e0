// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { repository } from "@elevation/scripts/support/workspace";
import { Editor, type EditorPosition } from "../../support/language-server";
import { shippedDocuments } from "../../support/shipped-documents";

const FOLDER = join(repository, "policypack");
const POLICY = textOf("policypack/elevation.yaml");

describe("documents in an editor with the YAML language server", () => {
  let editor: Editor;
  before(async () => {
    editor = await Editor.open(repository);
  });
  after(() => editor.close());

  for (const { file } of shippedDocuments()) {
    it(`when ${file} is opened, then nothing is marked in it`, async () => {
      assert.deepEqual(await editor.problemsOf(dirname(join(repository, file)), textOf(file)), []);
    });
  }

  for (const [what, from, to, message] of [
    ["a field", "ticket: {", "tickt: {", "Property tickt is not allowed."],
    ["an effect", "effect: deny", "effect: denied", 'Value must be "deny".'],
    ["a name", "production: { description", "Production: { description", /^String does not match the pattern of /],
    ["a duration", "PT30M, max: PT1H", "P1M, max: PT1H", /^String does not match the pattern of "\^P\(/],
    ["a proof", "proof: none", "proof: maybe", /^Value is not accepted. Valid values: "signature", "author", "none"\./],
  ] as const) {
    it(`when ${what} is wrong, then just that is marked`, async () => {
      const line = placeOf(POLICY, from).line + 1;
      const [problem = "", ...more] = await editor.problemsOf(FOLDER, edited(from, to));
      const [, row, text = ""] = /^(\d+):\d+: (.*)$/.exec(problem) ?? [];
      assert.deepEqual([row, more], [String(line), []]);
      if (typeof message === "string") assert.equal(text, message);
      else assert.match(text, message);
    });
  }

  it("when a field is missing, then the mapping that lacks it is marked", async () => {
    assert.deepEqual(await editor.problemsOf(FOLDER, edited("default: PT30M, max: PT1H", "default: PT30M")), [
      `${placeOf(POLICY, "default: PT30M, max: PT1H").line + 1}:5: Missing property "max".`,
    ]);
  });

  it("when the schema that a document names is not there, then that is marked", async () => {
    const [problem, ...more] = await editor.problemsOf(FOLDER, edited("docs/schemas/policy.json", "docs/policy.json"));
    const missing = join(repository, "docs", "policy.json");
    assert.deepEqual([problem, more], [`3:1: Unable to load schema from '${missing}': No content.`, []]);
  });

  it("when a word is pointed at, then it is told what it means", async () => {
    for (const [word, told] of [
      ["startWithin", "how far after requestedAt a startAt may lie; default: P7D\n\nExample:\n\n```yaml\nPT30M\n```"],
      ["orders-admin:", "a privilege on offer\n"],
      ["clamp", "true: a longer request gets max instead of a refusal\n"],
    ] as const) {
      const found = await editor.hoverAt(FOLDER, POLICY, placeOf(POLICY, word));
      assert.equal(found.slice(0, told.length), told);
      assert.ok(found.endsWith(`\n\nSource: [policy.json](${fileUrl("docs/schemas/policy.json")})`), found);
    }
  });

  it("when something is to be written, then it is told what may be, and what that means", async () => {
    const started = "  - id: new\n    effect: deny\n    \n";
    const text = edited("  - id: year-end-freeze", `${started}\n  - id: year-end-freeze`);
    const { line } = placeOf(text, "  - id: new");
    assert.deepEqual(await editor.completionsAt(FOLDER, text, { line: line + 2, character: 4 }), {
      who: "`everyone` in the directory, or whoever is in any of the lists",
      roles: 'names in a list, or "*" for all',
      environments: 'names in a list, or "*" for all',
      hours: "clock times of some days of the week",
      during: "one stretch of time",
      breakGlass: "true: a break-glass request passes this rule",
      // All that is missing at once.
      object: "a rule that shuts out\n\n----\n\n```yaml\nwho: \nroles: \nenvironments: \n```",
    });
  });
}).timeout(30_000);

function textOf(file: string): string {
  return readFileSync(join(repository, file), "utf8");
}

/** The shipped policy, something in it replaced. */
function edited(from: string, to: string): string {
  assert.ok(POLICY.includes(from), from);
  return POLICY.replace(from, () => to);
}

/** Where the first such text begins. */
function placeOf(text: string, wanted: string): EditorPosition {
  const before = text.slice(0, text.indexOf(wanted)).split("\n");
  return { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
}

function fileUrl(file: string): string {
  return pathToFileURL(join(repository, file)).href;
}
