// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AT, aRequest, POLICY } from "./documents";
import { aProject, elevate, type Project, ROOT, TIMEOUT } from "./elevate";

/** No rule is standing access. */
const HELD = "limits: { perPerson: { heldPer: { window: P7D, max: P2D } } }\n";
/** A rule that is meant to be stricter for a whole day's work, and stands behind one that cuts the day to an hour. */
const MISTAKE = [
  "max: PT1H }\n    reason: { minLength: 10 }\n",
  `max: PT1H, clamp: true }
    reason: { minLength: 10 }
  - id: dba-orders-long
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production]
    duration: { default: PT30M, max: PT8H }
    reason: { minLength: 10 }
    approvals: { from: { jobFunctions: [sre] }, count: 1 }
`,
] as const;

describe("docs/cli.md", () => {
  const doc = readFileSync(join(ROOT, "docs", "cli.md"), "utf8");
  let project: Project;

  before(() => {
    project = aProject();
  });
  after(() => project.remove());

  for (const command of [
    "",
    "check",
    "explain",
    "diff",
    "test",
    "lint",
    "schema",
    "status",
    "stacks",
    "reap",
    "drill",
    "orders sql",
    "journal init",
    "audit verify",
  ]) {
    it(`when \`elevate ${command}\` is asked for help, then that is what it says`, async () => {
      const args = [...command.split(" ").filter((word) => word !== ""), "--help"];
      const { stdout } = await elevate(args, { cwd: project.path });
      assert.ok(doc.includes(`\`\`\`text\n${stdout}\`\`\`\n`), `docs/cli.md lacks:\n${stdout}`);
    });
  }

  it("when its example of lint is run, then it prints what it shows", async () => {
    project.write("policypack/elevation.yaml", `${POLICY.replace(...MISTAKE)}${HELD}`);
    const args = ["lint", "--at", AT];
    const { exit, stdout, stderr } = await elevate(args, { cwd: project.path });
    project.write("policypack/elevation.yaml", POLICY);
    const example = `$ elevate ${args.join(" ")}\n${stderr}${stdout}$ echo $?\n${exit}\n`;
    assert.ok(doc.includes(`\`\`\`console\n${example}\`\`\`\n`), example);
  });

  it("when its examples are run, then they print what it shows", async () => {
    const shownOf = async (...args: string[]) => {
      const { exit, stdout, stderr } = await elevate(args, { cwd: project.path });
      return `$ elevate ${args.join(" ")}\n${stderr}${stdout}$ echo $?\n${exit}\n`;
    };
    const shown = () => shownOf("check", "stacks/requests", "--at", AT);
    const [example] = [...doc.matchAll(/```yaml\n([^`]*kind: PolicyTest\n[^`]*)```/g)].map(([, text]) => text);
    project.write("policypack/tests/orders.yaml", example ?? "");
    project.write("stacks/requests/alice.yaml", aRequest());
    project.write("stacks/requests/long.yaml", aRequest({ duration: "PT9H", reason: "short" }, "alice-long"));
    const judged = await shown();
    project.write("stacks/requests/bad.yaml", aRequest({ duration: "P1M" }).replace("  role:", "  rule:"));
    const bad = await shown();
    const tested = await shownOf("test");
    project.write("old.yaml", POLICY);
    project.write("new.yaml", POLICY.replace("max: PT1H", "max: PT8H"));
    const compared = await shownOf("diff", "old.yaml", "new.yaml", "--at", AT);
    for (const example of [judged, bad, tested, compared])
      assert.ok(doc.includes(`\`\`\`console\n${example}\`\`\`\n`), example);
  });
}).timeout(TIMEOUT);
