// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { POLICY } from "./documents";
import { aProject, elevate, type Project, TIMEOUT } from "./elevate";

const HEAD = `apiVersion: elevation/v1
kind: PolicyTest
policy: ../elevation.yaml
directory: ../directory.yaml
cases:
`;

/** A case of Alice's that passes, unless it is changed. */
function aCase(name: string, expect = "{ outcome: allow, rule: dba-orders-short }", more = "duration: PT45M"): string {
  return `  - name: ${name}
    at: 2026-11-24T10:00:00Z
    request: { requester: alice@example.com, role: orders-admin, environment: production, reason: Rebuild the orders index, ${more} }
    expect: ${expect}
`;
}

describe("elevate test", () => {
  let project: Project;
  const test = (...args: string[]) => elevate(["test", ...args], { cwd: project.path });

  beforeEach(() => {
    project = aProject();
  });
  afterEach(() => project.remove());

  it("when all cases pass, then the exit code is 0, and what no case saw of the rules is told", async () => {
    project.write(
      "policypack/tests/orders.yaml",
      HEAD + aCase("short") + aCase("long", "{ outcome: deny }", "duration: PT9H"),
    );
    assert.deepEqual(await test(), {
      exit: 0,
      stdout: `2 passed, 0 failed
2 of 5 outcomes of 2 rules seen
  policypack/elevation.yaml: dba-orders-short: duration-too-short, reason-insufficient
  policypack/elevation.yaml: year-end-freeze: denied
`,
      stderr: "",
    });
  });

  it("when a case fails, then it is told where, in what and why, and the exit code is 1", async () => {
    project.write(
      "policypack/tests/orders.yaml",
      HEAD +
        aCase("short") +
        aCase("nobody gets nine hours", "{ outcome: deny, violations: [outside-hours] }", "duration: PT9H") +
        aCase("it ends later", "{ outcome: allow, rule: null, expiresAt: 2026-11-24T12:00:00+01:00 }") +
        aCase("it is denied", "{ outcome: deny, activatesAt: null }") +
        aCase("it is allowed", "{ outcome: allow, violations: [] }", "duration: PT9H, breakGlass: true"),
    );
    assert.deepEqual(await test("policypack/tests/orders.yaml"), {
      exit: 1,
      stdout: `failed policypack/tests/orders.yaml:10:5: nobody gets nine hours
  violations: outside-hours is missing, duration-too-long is not expected
  duration-too-long: \`nobody-gets-nine-hours\` asks for 9 h, rule \`dba-orders-short\` allows 1 h; set \`duration\` to PT1H or less

failed policypack/tests/orders.yaml:14:5: it ends later
  rule: expected null, got dba-orders-short
  expiresAt: expected 2026-11-24T12:00:00+01:00, got 2026-11-24T10:45:00.000Z

failed policypack/tests/orders.yaml:18:5: it is denied
  outcome: expected deny, got allow
  activatesAt: expected null, got 2026-11-24T10:00:00.000Z

failed policypack/tests/orders.yaml:22:5: it is allowed
  outcome: expected allow, got deny
  violations: break-glass-not-allowed is not expected
  break-glass-not-allowed: \`it-is-allowed\` is a break-glass request, and the policy has no \`breakGlass\`; ask without it

1 passed, 4 failed
2 of 5 outcomes of 2 rules seen
  policypack/elevation.yaml: dba-orders-short: duration-too-short, reason-insufficient
  policypack/elevation.yaml: year-end-freeze: denied
`,
      stderr: "",
    });
  });

  it("when programs read it, then they get the counts, the cases and, if asked for, the coverage, and nothing else", async () => {
    project.write(
      "policypack/tests/orders.json",
      JSON.stringify({
        apiVersion: "elevation/v1",
        kind: "PolicyTest",
        policy: "../elevation.yaml",
        directory: "../directory.yaml",
        cases: [
          {
            name: "a long one",
            at: "2026-11-24T10:00:00Z",
            request: {
              requester: "alice@example.com",
              role: "orders-admin",
              environment: "production",
              reason: "Rebuild the orders index",
              duration: "PT9H",
            },
            expect: { outcome: "allow" },
          },
        ],
      }),
    );
    const { exit, stdout, stderr } = await test("--json");
    const report = JSON.parse(stdout) as { cases: { actual: Readonly<Record<string, unknown>> }[] };
    const { requestDigest, policyDigest, directoryDigest } = report.cases[0]?.actual ?? {};
    for (const digest of [requestDigest, policyDigest, directoryDigest]) assert.match(`${digest}`, /^sha256:/);
    const expected = {
      passed: 0,
      failed: 1,
      cases: [
        {
          file: "policypack/tests/orders.json",
          name: "a long one",
          passed: false,
          expected: { outcome: "allow" },
          actual: {
            outcome: "deny",
            rule: "dba-orders-short",
            activatesAt: null,
            expiresAt: null,
            effectiveEnd: null,
            violations: [
              {
                id: "duration-too-long",
                rule: "dba-orders-short",
                path: "spec.duration",
                observed: "PT9H",
                limit: "PT1H",
                message:
                  "`a-long-one` asks for 9 h, rule `dba-orders-short` allows 1 h; set `duration` to PT1H or less",
              },
            ],
            approvals: { required: [], given: [], missing: [] },
            requestDigest,
            policyDigest,
            directoryDigest,
            decidedAt: "2026-11-24T10:00:00.000Z",
          },
        },
      ],
    };
    assert.deepEqual([exit, report, stderr], [1, expected, ""]);
    const again = await test("--json", "--coverage");
    const coverage = [
      {
        policy: "policypack/elevation.yaml",
        rules: [
          {
            rule: "dba-orders-short",
            effect: "allow",
            seen: ["duration-too-long"],
            unseen: ["allow", "duration-too-short", "reason-insufficient"],
          },
          { rule: "year-end-freeze", effect: "deny", seen: [], unseen: ["denied"] },
        ],
      },
    ];
    assert.deepEqual(JSON.parse(again.stdout), { ...expected, coverage });
  });

  it("when coverage is asked for, then a table shows every rule", async () => {
    project.write("policypack/tests/orders.yaml", HEAD + aCase("short"));
    assert.deepEqual(await test("policypack", "--coverage"), {
      exit: 0,
      stdout: `1 passed, 0 failed
1 of 5 outcomes of 2 rules seen

policy                     rule              effect  seen   not seen
policypack/elevation.yaml  dba-orders-short  allow   allow  duration-too-short, duration-too-long, reason-insufficient
policypack/elevation.yaml  year-end-freeze   deny    -      denied
`,
      stderr: "",
    });
  });

  it("when a folder holds other files, then those are passed over, and every policy test below it is run once", async () => {
    const run = async (...args: string[]) => {
      const { exit, stdout, stderr } = await test("--json", ...args);
      assert.deepEqual([exit, stderr], [0, ""]);
      return (JSON.parse(stdout) as { cases: { file: string; name: string }[] }).cases.map(({ file }) => file);
    };
    project.write("policypack/package.json", '{ "name": "pack", "description": "not a PolicyTest" }');
    project.write("policypack/broken.yaml", "a: [\n");
    project.write("policypack/notes.txt", "kind: PolicyTest");
    project.write("policypack/tests/.hidden.yaml", "kind: PolicyTest");
    project.write("policypack/tests/node_modules/a.yaml", "kind: PolicyTest");
    project.write("policypack/tests/b.yml", HEAD + aCase("b"));
    project.write("policypack/tests/a/deep.YAML", `${HEAD.replaceAll("../", "../../")}${aCase("b")}`);
    symlinkSync(join(project.path, "policypack"), join(project.path, "policypack", "round"));
    symlinkSync("b.yml", join(project.path, "policypack", "tests", "link.yaml"));
    const files = ["policypack/tests/a/deep.YAML", "policypack/tests/b.yml", "policypack/tests/link.yaml"];
    assert.deepEqual(await run(), files);
    assert.deepEqual(await run("policypack/tests/b.yml", "policypack"), [files[1], files[0], files[2]]);
  });

  it("when a file of cases misspells its kind or has none, then that is an error: cases that nobody runs must not pass", async () => {
    project.write("policypack/tests/a.yaml", HEAD + aCase("a"));
    project.write("policypack/tests/b.yaml", HEAD.replace("kind: PolicyTest", "kind: PolicyTests") + aCase("b"));
    project.write("policypack/tests/c.yaml", HEAD.replace("kind: PolicyTest\n", "") + aCase("c"));
    project.write("policypack/tests/others.yaml", "cases: [1, 2]\nkind: Suite\n");
    project.write("policypack/tests/broken.yaml", "cases: [1, 2\n");
    assert.deepEqual(await test(), {
      exit: 2,
      stdout: "",
      stderr: [
        "policypack/tests/b.yaml:2:7: `kind` is `PolicyTests`, not `PolicyTest`; write that",
        "policypack/tests/c.yaml:1:1: the document lacks the field `kind`; add it\n",
      ].join("\n"),
    });
  });

  it("when the policy wants signatures, then it is tested all the same", async () => {
    project.write("policypack/elevation.yaml", POLICY.replace("requests: { proof: none }\n", ""));
    project.write("policypack/tests/orders.yaml", HEAD + aCase("short"));
    assert.equal((await test()).exit, 0);
  });

  it("when there is no policy test, then the exit code is 2", async () => {
    project.write("tests/README.md", "none yet");
    const none = (where: string) => ({
      exit: 2,
      stdout: "",
      stderr: `error: no policy test is below ${where}; write one (kind: PolicyTest), or name where they are\n`,
    });
    assert.deepEqual(await test(), none("`policypack`"));
    assert.deepEqual(await test("tests", "policypack", "--json"), none("`tests` or `policypack`"));
    assert.deepEqual(await elevate(["test"], { cwd: join(project.path, "..") }), {
      exit: 2,
      stdout: "",
      stderr: `error: no Pulumi.yaml at or above \`${join(project.path, "..")}\`, so there is no default folder of policy tests; run inside a project, or name files or folders of policy tests\n`,
    });
  });

  it("when documents are bad, then all problems of all of them are shown, and no case is run", async () => {
    project.write("policypack/elevation.yaml", POLICY.replace("max: PT1H", "max: P1M"));
    project.write("policypack/tests/a.yaml", HEAD + aCase("a"));
    project.write("policypack/tests/b.yaml", HEAD + aCase("b", "{ outcome: allowed }"));
    project.write("policypack/tests/c.yaml", HEAD + aCase("c"));
    project.write("policypack/tests/d.yaml", HEAD.replace("../directory.yaml", "directory.yaml") + aCase("d"));
    project.write("policypack/tests/e.yaml", "kind: PolicyTest\ncases: }\n");
    const stderr = `policypack/tests/b.yaml:9:24: \`cases[0].expect.outcome\` is \`allowed\`, not \`allow\` or \`deny\`; write one of them
policypack/tests/e.yaml:2:8: not YAML: unexpected flow-map-end token in YAML stream: "}"; mend it
policypack/elevation.yaml:19:49: \`rules[0].duration.max\` is \`P1M\`, not a duration of fixed length up to 100 years; write weeks, days, hours, minutes or seconds, as in PT30M or P7D
policypack/tests/d.yaml:4:12: \`directory\` is \`directory.yaml\`: there is no such file; check the path
`;
    assert.deepEqual(await test(), { exit: 2, stdout: "", stderr });
    const { stdout } = await test("--json");
    const { problems } = JSON.parse(stdout) as { problems: Readonly<Record<string, unknown>>[] };
    assert.deepEqual(problems.at(-1), {
      file: "policypack/tests/d.yaml",
      line: 4,
      column: 12,
      path: "directory",
      message: "`directory` is `directory.yaml`: there is no such file; check the path",
    });
    assert.equal(problems.length, 4);
  });

  it("when a file that is named is no policy test, then the exit code is 2", async () => {
    assert.deepEqual(await test("policypack/elevation.yaml", "gone.yaml"), {
      exit: 2,
      stdout: "",
      stderr: `policypack/elevation.yaml:2:7: the document is of kind \`Policy\`, and a PolicyTest is wanted here; give the file of one
gone.yaml: there is no such file; check the path
`,
    });
  });

  it("when a case is named like what a terminal would obey, then none of it reaches one; colour only if wanted", async () => {
    const name = '"\\u001b[2J\\u202e\\nfailed: 0"';
    project.write("policypack/tests/orders.yaml", HEAD + aCase(name, "{ outcome: deny }"));
    const plain = await test();
    assert.equal(
      plain.stdout.split("\n")[0],
      "failed policypack/tests/orders.yaml:6:5: \\u{1b}[2J\\u{202e}\\u{a}failed: 0",
    );
    assert.ok(!plain.stdout.includes("\u001b"));
    const coloured = await elevate(["test"], { cwd: project.path, env: { FORCE_COLOR: "1" } });
    assert.ok(coloured.stdout.startsWith("\u001b[31mfailed\u001b[39m policypack"));
    assert.equal(coloured.exit, 1);
  });
}).timeout(TIMEOUT);
