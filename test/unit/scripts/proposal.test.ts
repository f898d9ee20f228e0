// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { copySide } from "@elevation/scripts/pipeline/proposal";
import { afterEach, beforeEach, describe, it } from "mocha";

const CASES = `cases:
  - name: alice gets it
    at: 2026-11-24T10:00:00Z
    request: { requester: alice@example.com, role: admin, environment: production, reason: Rebuild the index }
    expect: { outcome: allow }
`;
const HEAD = "apiVersion: elevation/v1\nkind: PolicyTest\npolicy: ../elevation.yaml\ndirectory: ../directory.yaml\n";

describe("what a pull request proposes to judge by", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "elevation-proposal-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, "checkout", path)), { recursive: true });
    writeFileSync(join(folder, "checkout", path), text);
  };
  const tests = () => {
    const { problems, tests } = copySide(join(folder, "checkout"), join(folder, "copy"));
    return { problems, tests };
  };

  it("when a policy test writes its kind in other letters, then it is one all the same, and may name no file of this machine", () => {
    const kind = 'kind: "Policy\\u0054est"';
    const policy = "policy: /proc/self/environ";
    write("policypack/tests/a.yaml", HEAD + CASES);
    write(
      "policypack/tests/b.yaml",
      `apiVersion: elevation/v1\n${kind}\n${policy}\ndirectory: ../directory.yaml\n${CASES}`,
    );
    assert.deepEqual(tests(), {
      tests: ["policypack/tests/a.yaml", "policypack/tests/b.yaml"],
      problems: [
        "policypack/tests/b.yaml:3:9: `policy` is `/proc/self/environ`, outside of the project; name a file of it",
      ],
    });
  });

  it("when a file of cases has no kind or can't be read, then it is a test that somebody must mend; other documents are none", () => {
    write("policypack/tests/a.yaml", HEAD.replace("kind: PolicyTest\n", "") + CASES);
    write("policypack/tests/b.yaml", `${HEAD}cases: [\n`);
    write("policypack/tests/notes.yaml", "cases: 3\n");
    write("policypack/elevation.yaml", "kind: Policy\n");
    assert.deepEqual(tests(), { tests: ["policypack/tests/a.yaml", "policypack/tests/b.yaml"], problems: [] });
  });
});
