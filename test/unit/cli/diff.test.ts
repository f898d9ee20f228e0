// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { aProject, type Project } from "../../integration/cli/elevate";
import { elevateHere } from "../../support/in-process";

const NO_JOURNAL = "no journal is configured: live grants are not looked at";
const AT = "2026-11-24T10:00:00Z";
const NARROW = `apiVersion: elevation/v1
kind: Policy
environments: { production: {} }
roles:
  admin: { targets: { production: { kind: postgres, connection: orders, role: admin } } }
rules:
  - id: dba
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [admin]
    environments: [production]
    duration: { max: PT1H }
    approvals: { from: { jobFunctions: [lead] }, count: 1 }
requests: { proof: none }
`;
const WIDE = NARROW.replace("PT1H", "PT8H").replace(/ {4}approvals.*\n/, "");
const DIRECTORY = `apiVersion: elevation/v1
kind: Directory
people:
  ann@example.com: { jobFunctions: [dba], identities: { postgres: ann } }
  ben@example.com: { jobFunctions: [lead], identities: { postgres: ben } }
jobFunctions: { dba: {}, lead: {} }
`;
const WIDER = `who gets more, longer or for less
  ann@example.com: admin in production: longest 1 h → 8 h
    rule dba: duration.max PT1H → PT8H
    rule dba: approvals 1 of lead → none
`;

describe("elevate diff", () => {
  let project: Project;

  beforeEach(() => {
    project = aProject();
    project.write("policypack/elevation.yaml", NARROW);
    project.write("policypack/directory.yaml", DIRECTORY);
    project.write("narrow.yaml", NARROW);
    project.write("wide.yaml", WIDE);
  });
  afterEach(() => project.remove());

  const diff = (...args: string[]) => elevateHere(["diff", ...args, "--at", AT], { cwd: project.path });
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: project.path });

  it("when a policy gives more, then it says to whom, what, and fails", async () => {
    const { exit, stdout, stderr } = await diff("narrow.yaml", "wide.yaml");
    assert.deepEqual([exit, stderr], [1, [NO_JOURNAL]]);
    assert.equal(stdout, `narrow.yaml → wide.yaml: access is wider\n\n${WIDER}`);
  });

  it("when a policy gives less, then it says so, and does not fail", async () => {
    const { exit, stdout } = await diff("wide.yaml", "narrow.yaml");
    assert.equal(exit, 0);
    assert.equal(
      stdout,
      `wide.yaml → narrow.yaml: access is narrower, and nowhere wider

who gets less, shorter or for more
  ann@example.com: admin in production: longest 8 h → 1 h
    rule dba: duration.max PT8H → PT1H
    rule dba: approvals none → 1 of lead
`,
    );
  });

  it("when nothing but the text differs, then it is the same access", async () => {
    project.write("same.yaml", `# Ours\n${NARROW}`);
    const { exit, stdout } = await diff("narrow.yaml", "same.yaml");
    assert.deepEqual([exit, stdout], [0, "narrow.yaml → same.yaml: the same access\n"]);
  });

  it("when somebody gets a job function, then a directory's change is told, too", async () => {
    project.write("old.yaml", DIRECTORY);
    project.write("new.yaml", DIRECTORY.replace("[lead]", "[lead, dba]"));
    const { exit, stdout } = await diff("old.yaml", "new.yaml");
    assert.equal(exit, 1);
    assert.match(stdout, /^old\.yaml → new\.yaml: access is wider$/m);
    assert.match(stdout, /ben@example\.com: admin in production/);
  });

  it("when two revisions are named, then the documents of the project are read as they were there", async () => {
    git("init", "--quiet", "--initial-branch", "main");
    git("add", ".");
    git("commit", "--quiet", "-m", "narrow");
    project.write("policypack/elevation.yaml", WIDE);
    git("commit", "--quiet", "-am", "wide");
    const { exit, stdout, stderr } = await diff("HEAD~1..HEAD");
    assert.deepEqual([exit, stderr], [1, [NO_JOURNAL]]);
    assert.equal(stdout, `HEAD~1 → HEAD: access is wider\n\n${WIDER}`);
    const unknown = await diff("HEAD~7..HEAD");
    assert.equal(unknown.exit, 2);
    assert.match(unknown.stderr.join("\n"), /HEAD~7/);
  });

  it("when a revision looks like an option, then git never sees it as one", async () => {
    git("init", "--quiet");
    const { exit } = await elevateHere(["diff", "--", "--output=owned..HEAD"], { cwd: project.path });
    assert.equal(exit, 2);
    assert.throws(() => project.read("owned"));
  });
});
