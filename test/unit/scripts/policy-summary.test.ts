// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { exitOf, type Finding, type PolicyChange } from "@elevation/scripts/pipeline/policy-change";
import { renderPolicyChange, SHORT, WIDE } from "@elevation/scripts/pipeline/policy-summary";
import type { TestRun } from "@elevation/scripts/pipeline/policy-tools";
import { copySide } from "@elevation/scripts/pipeline/proposal";

const NOTHING: PolicyChange = { problems: [], meanings: [], findings: [], tests: null, testsBefore: null };
const WIDER = { policy: "policypack/elevation.yaml", stacks: ["production"], isWider: true, markdown: "### wider\n" };
const FINDING: Finding = {
  ...{ check: "rule-untested", severity: "warning", file: "policypack/elevation.yaml", line: 3, column: 5, path: "" },
  ...{ message: "no case sees rule `a|b`", isNew: true },
};

function aRun(failed: number): TestRun {
  return { passed: 1, failed, cases: [], coverage: [] };
}

describe("how a change of what judges comes out", () => {
  for (const [what, change, failsWider, exit] of [
    ["nothing is wrong", {}, true, 0],
    ["access is wider", { meanings: [WIDER] }, false, 0],
    ["access is wider, and that is asked to fail", { meanings: [WIDER] }, true, 1],
    ["access is narrower, and wider is asked to fail", { meanings: [{ ...WIDER, isWider: false }] }, true, 0],
    ["a policy test fails", { tests: aRun(1) }, false, 1],
    ["all policy tests pass", { tests: aRun(0) }, false, 0],
    ["a policy test of the protected branch fails", { testsBefore: aRun(1) }, false, 0],
    ["lint finds something new", { findings: [FINDING] }, false, 1],
    ["lint finds what was there before", { findings: [{ ...FINDING, isNew: false }] }, false, 0],
    ["lint has a new note", { findings: [{ ...FINDING, severity: "note" }] }, false, 0],
    ["a document can't be read", { problems: ["it is no YAML"] }, false, 2],
  ] as const) {
    it(`when ${what}, then the exit code is ${exit}`, () => {
      assert.equal(exitOf({ ...NOTHING, ...change }, failsWider), exit);
    });
  }
});

describe("the Markdown about a change of what judges", () => {
  it("when there are no policy tests, then it says so, and how many the protected branch has", () => {
    const before = { ...aRun(0), cases: [{ file: "a", name: "b" } as TestRun["cases"][number]] };
    const none = (change: Partial<PolicyChange>) =>
      renderPolicyChange({ ...NOTHING, ...change }, WIDE).split("\n\n")[2];
    assert.equal(none({}), "There are none.");
    assert.equal(none({ testsBefore: before }), "There are none; the protected branch has 1 case.");
  });

  it("when others' text holds mark-up, then it is text", () => {
    const problem = "policypack/<img src=x>.yaml:1:1: `![x](http://evil.example)` is | @everyone";
    const text = renderPolicyChange({ ...NOTHING, problems: [problem], findings: [FINDING] }, WIDE);
    assert.ok(
      text.includes("- policypack/\\<img src=x\\>.yaml:1:1: ` ![x](http://evil.example) ` is \\| &#64;everyone\n"),
      text,
    );
    assert.ok(
      text.includes(
        "| ` policypack/elevation.yaml:3:5 ` | **new** warning | rule-untested | no case sees rule ` a¦b ` |",
      ),
      text,
    );
  });

  it("when it is longer than there is room for, then whole lines are left out and counted", () => {
    const markdown = Array.from({ length: 100 }, (_, n) => `- \`line ${n}\``).join("\n");
    const room = { items: 2, characters: 24 };
    const text = renderPolicyChange(
      { ...NOTHING, meanings: [{ ...WIDER, markdown }], problems: ["a", "b", "c"], findings: Array(3).fill(FINDING) },
      room,
    );
    assert.ok(text.includes("- `line 0`\n- `line 1`\n\n98 more lines; `elevate diff` has them all\n"), text);
    assert.ok(text.includes("- a\n- b\n- 1 more\n"), text);
    assert.match(text, /\n\n1 more$/);
    assert.ok(SHORT.characters < WIDE.characters);
  });
});

describe("what is taken of a pull request", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "elevation-proposal-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, "pr", path)), { recursive: true });
    writeFileSync(join(folder, "pr", path), text);
  };
  const take = () => copySide(join(folder, "pr"), join(folder, "taken"));

  it("when stack config names no files, then the default ones are taken; no stack, nothing", () => {
    write("policypack/elevation.yaml", "a");
    write("policypack/directory.yaml", "b");
    write("policypack/index.ts", "code");
    write("stacks/index.ts", "code");
    assert.deepEqual([...take().judges], []);
    rmSync(join(folder, "taken"), { recursive: true });
    write("stacks/Pulumi.production.yaml", "");
    const side = take();
    assert.deepEqual(side.problems, []);
    assert.deepEqual(
      [...side.judges],
      [["production", { policy: "policypack/elevation.yaml", directory: "policypack/directory.yaml" }]],
    );
  });

  for (const [what, make, problem] of [
    [
      "a folder is a link",
      () => symlinkSync("/", join(folder, "pr/config")),
      "`config` is a symbolic link; put what it leads to in its place",
    ],
    ["there is no such file", () => undefined, "there is no `config/elevation.yaml`; check the path"],
    [
      "it is a folder",
      () => write("config/elevation.yaml/x", ""),
      "`config/elevation.yaml` is no file; put one in its place",
    ],
  ] as const) {
    it(`when stack config names a policy and ${what}, then it is not taken, and that is said`, () => {
      write("policypack/directory.yaml", "b");
      write("stacks/Pulumi.production.yaml", "config: { elevation:policy: config/elevation.yaml }\n");
      make();
      assert.deepEqual(take().problems, [problem]);
    });
  }

  it("when stack config is no YAML, then that is said", () => {
    write("stacks/Pulumi.production.yaml", "config: [\n");
    assert.deepEqual(take().problems, ["`stacks/Pulumi.production.yaml` is no YAML; mend it"]);
  });
});
