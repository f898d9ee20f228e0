// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "@elevation/domain";
import { AT, aRequest, DIRECTORY, POLICY } from "./documents";
import { aProject, elevate, type Project, TIMEOUT } from "./elevate";

describe("elevate check and bad documents", () => {
  let project: Project;

  beforeEach(() => {
    project = aProject();
    project.write("alice.yaml", aRequest());
  });
  afterEach(() => project.remove());

  const check = (...args: string[]) => elevate(["check", ...args, "--at", AT], { cwd: project.path });

  it("when policy, directory and requests are bad, then all problems of all are shown at once", async () => {
    project.write("policypack/elevation.yaml", POLICY.replace("max: PT1H", "max: P1M"));
    project.write("policypack/directory.yaml", DIRECTORY.replace("jobFunctions: [dba]", "jobFunctions: [dbb]"));
    project.write("one.yaml", aRequest({ duration: "P1M" }));
    project.write("two.yaml", aRequest().replace("  role:", "  rule:"));
    const { exit, stdout, stderr } = await check("one.yaml", "alice.yaml", "two.yaml", "nowhere.yaml");
    assert.deepEqual([exit, stdout, stderr], [2, "", ALL_PROBLEMS]);
  });

  it("when documents are bad, then --json prints the same problems for programs", async () => {
    project.write("one.yaml", aRequest({ duration: "P1M" }));
    const { exit, stdout, stderr } = await check("one.yaml", "gone.yaml", "--json");
    const { problems } = JSON.parse(stdout) as { problems: Problem[] };
    assert.equal(exit, 2);
    assert.deepEqual(
      problems.map(({ file, line, column, path }) => [file, line, column, path]),
      [
        ["one.yaml", 8, 13, "spec.duration"],
        ["gone.yaml", 0, 0, ""],
      ],
    );
    assert.equal(
      stderr,
      problems
        .map(({ file, line, column, message }) => `${line === 0 ? file : `${file}:${line}:${column}`}: ${message}\n`)
        .join(""),
    );
  });

  it("when files can't be read as text, then each says why", async () => {
    project.write("latin1.yaml", Buffer.from("reason: caf\xe9\n", "latin1"));
    mkdirSync(join(project.path, "folder"));
    const runs = await Promise.all([
      check("gone.yaml"),
      check("alice.yaml/below.yaml"),
      check("latin1.yaml"),
      check("alice.yaml", "--policy", "folder"),
      check("alice.yaml", "--directory", "gone.yaml"),
    ]);
    assert.deepEqual(
      runs.map(({ exit, stdout, stderr }) => [exit, stdout, stderr]),
      [
        [2, "", "gone.yaml: there is no such file; check the path\n"],
        [2, "", "alice.yaml/below.yaml: there is no such file; check the path\n"],
        [2, "", "latin1.yaml: it is not UTF-8 text; save it as UTF-8\n"],
        [2, "", "folder: it is a folder, not a file; name the file\n"],
        [2, "", "gone.yaml: there is no such file; check the path\n"],
      ],
    );
  });

  it("when one of policy and directory is missing, then what is wrong with the other is told too", async () => {
    project.write("p.yaml", "kind: Policy\n");
    const { exit, stderr } = await check("alice.yaml", "--policy", "p.yaml", "--directory", "gone.yaml");
    assert.equal(exit, 2);
    assert.match(stderr, /^gone\.yaml: there is no such file; check the path\np\.yaml:1:1: /);
  });

  it("when a document asks for what isn't enforced, then it is refused", async () => {
    project.write("policypack/elevation.yaml", POLICY.replace("{ proof: none }", "{ proof: signature }"));
    const { exit, stderr } = await check("alice.yaml");
    assert.equal(exit, 2);
    assert.match(stderr, /^policypack\/elevation\.yaml:27:20: `requests\.proof` is `signature`, /);
  });
}).timeout(TIMEOUT);

const DURATION =
  "not a duration of fixed length up to 100 years; write weeks, days, hours, minutes or seconds, as in PT30M or P7D";
const ALL_PROBLEMS = `policypack/elevation.yaml:19:49: \`rules[0].duration.max\` is \`P1M\`, ${DURATION}
policypack/directory.yaml:6:20: \`people["alice@example.com"].jobFunctions[0]\` names the job function \`dbb\`, which does not exist; did you mean \`dba\`?
one.yaml:8:13: \`spec.duration\` is \`P1M\`, ${DURATION}
two.yaml:4:1: \`spec\` lacks the field \`role\`; add it
two.yaml:6:3: unknown field \`spec.rule\`; did you mean \`role\`?
nowhere.yaml: there is no such file; check the path
`;
