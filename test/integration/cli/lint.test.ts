// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LINT_CHECKS } from "@elevation/domain";
import Ajv from "ajv-draft-04";
import addFormats from "ajv-formats";
import { AT, DIRECTORY, POLICY } from "./documents";
import { aProject, elevate, type Project, ROOT, TIMEOUT } from "./elevate";

/** Nothing is found in it. */
const CLEAN = `${POLICY.replace("staging: {}", "staging: { maxDuration: PT12H }")}limits: { perPerson: { heldPer: { window: P7D, max: P2D } } }
`;
/** A warning and an error. */
const WRONG = CLEAN.replace("staging: { maxDuration: PT12H }", "staging: {}").replace(
  "    reason: { minLength: 10 }\n",
  "",
);
/** A note. */
const UNUSED = DIRECTORY.replace("  sre: {}", "  sre: {}\n  auditor: {}");

describe("elevate lint", () => {
  let project: Project;
  const lint = (...args: string[]) => elevate(["lint", ...args, "--at", AT], { cwd: project.path });

  beforeEach(() => {
    project = aProject();
    project.write("policypack/elevation.yaml", CLEAN);
  });
  afterEach(() => project.remove());

  it("when nothing is found, then it says so and the exit code is 0", async () => {
    assert.deepEqual(await lint(), { exit: 0, stdout: "nothing is found\n", stderr: "" });
  });

  it("when only notes are found, then they are shown and the exit code is 0", async () => {
    project.write("policypack/directory.yaml", UNUSED);
    assert.deepEqual(await lint(), {
      exit: 0,
      stdout: `place                            severity  check               what is wrong, and how to mend it
policypack/directory.yaml:15:12  note      job-function-empty  nobody has the job function \`auditor\`; give it to somebody, or take it out

1 note
`,
      stderr: "",
    });
  });

  it("when errors and warnings are found, then the exit code is 1, those of the policy come first, and findings are counted", async () => {
    project.write("policypack/elevation.yaml", WRONG);
    project.write("policypack/directory.yaml", UNUSED);
    assert.deepEqual(await lint(), { exit: 1, stdout: TABLE, stderr: "" });
  });

  it("when a warning is all that is found, then the exit code is 1", async () => {
    project.write("policypack/elevation.yaml", CLEAN.replace("{ maxDuration: PT12H }", "{}"));
    const { exit, stdout } = await lint();
    assert.deepEqual([exit, stdout.split("\n").at(-2)], [1, "1 warning"]);
  });

  it("when --json is given, then findings, counts and the instant are printed for programs", async () => {
    project.write("policypack/directory.yaml", UNUSED);
    const { exit, stdout, stderr } = await lint("--json");
    assert.deepEqual([exit, stderr], [0, ""]);
    assert.deepEqual(JSON.parse(stdout), {
      at: "2026-11-24T10:00:00.000Z",
      counts: { error: 0, warning: 0, note: 1 },
      findings: [
        {
          check: "job-function-empty",
          severity: "note",
          file: "policypack/directory.yaml",
          line: 15,
          column: 12,
          path: "jobFunctions.auditor",
          message: "nobody has the job function `auditor`; give it to somebody, or take it out",
        },
      ],
    });
  });

  it("when --at is after a freeze, then it is told that it is over", async () => {
    const { exit, stdout } = await elevate(["lint", "--at", "2027-01-02T00:00:00Z"], { cwd: project.path });
    assert.equal(exit, 0);
    assert.match(stdout, / deny-over +deny rule `year-end-freeze` is over since 2027-01-02T00:00:00\.000Z; /);
  });

  it("when a policy demands what can't be verified yet, then it is studied all the same", async () => {
    project.write("policypack/elevation.yaml", CLEAN.replace("{ proof: none }", "{ proof: signature }"));
    assert.equal((await lint()).exit, 0);
  });

  it("when documents are bad, then all problems are shown and the exit code is 2", async () => {
    const policy = project.write("p.yaml", CLEAN.replace("max: PT1H", "max: P1M"));
    const { exit, stdout, stderr } = await lint("--policy", policy, "--directory", "gone.yaml");
    assert.deepEqual([exit, stdout], [2, ""]);
    assert.match(
      stderr,
      /^gone\.yaml: there is no such file; check the path\n.*p\.yaml:19:49: .* is `P1M`, not a duration/,
    );
  });

  it("when --sarif names a file, then it is written beside the table", async () => {
    project.write("policypack/elevation.yaml", WRONG);
    project.write("policypack/directory.yaml", UNUSED);
    assert.deepEqual(await lint("--sarif", "lint.sarif"), { exit: 1, stdout: TABLE, stderr: "" });
    assert.deepEqual(JSON.parse(project.read("lint.sarif")), JSON.parse((await lint("--sarif", "-")).stdout));
  });

  it("when the SARIF file can't be written, then the findings are shown and the exit code is 4", async () => {
    assert.deepEqual(await lint("--sarif", "nowhere/lint.sarif"), {
      exit: 4,
      stdout: "nothing is found\n",
      stderr: "error: `nowhere/lint.sarif` cannot be written (ENOENT); check the path and its rights\n",
    });
  });
}).timeout(TIMEOUT);

describe("elevate lint --sarif", () => {
  let project: Project;
  const isSarif = new Ajv({ strict: false, allErrors: true });
  addFormats(isSarif);
  const schema = JSON.parse(readFileSync(join(ROOT, "test", "vectors", "sarif-schema-2.1.0.json"), "utf8")) as object;
  const validate = isSarif.compile(schema);

  beforeEach(() => {
    project = aProject();
  });
  afterEach(() => project.remove());

  const sarif = async (cwd: string, ...args: string[]) => {
    const { stdout } = await elevate(["lint", "--at", AT, "--sarif", "-", ...args], { cwd });
    return JSON.parse(stdout) as Sarif;
  };

  it("when there are findings or none, then the log is SARIF 2.1.0 by the schema of OASIS", async () => {
    for (const policy of [CLEAN, WRONG]) {
      project.write("policypack/elevation.yaml", policy);
      const log = await sarif(project.path);
      assert.ok(validate(log), JSON.stringify(validate.errors));
    }
  });

  it("when the log is broken, then the schema says so", async () => {
    const log = await sarif(project.path);
    assert.equal(validate({ ...log, version: "2.2" }), false);
    assert.equal(validate({ ...log, runs: [{ ...log.runs[0], results: [{ level: "warning" }] }] }), false);
  });

  it("when a check found something, then the result names it, its place from the root of the project, and says what", async () => {
    project.write("policypack/elevation.yaml", WRONG);
    project.write("odd name.yaml", UNUSED);
    const [run] = (await sarif(join(project.path, "policypack"), "--directory", "../odd name.yaml")).runs;
    assert.deepEqual(
      run?.tool.driver.rules.map(({ id }) => id),
      LINT_CHECKS.map(({ id }) => id),
    );
    assert.deepEqual(
      run?.results.map(({ ruleId, level, locations }) => [ruleId, level, locations[0]?.physicalLocation]),
      [
        ["environment-unbounded", "warning", placeOf("policypack/elevation.yaml", 5, 12)],
        ["rule-unguarded", "error", placeOf("policypack/elevation.yaml", 14, 9)],
        ["job-function-empty", "note", placeOf("odd%20name.yaml", 15, 12)],
      ],
    );
    for (const { ruleId, ruleIndex, message } of run?.results ?? []) {
      assert.equal(run?.tool.driver.rules[ruleIndex]?.id, ruleId);
      assert.match(message.text, /; /);
    }
  });

  it("when documents are bad, then that is told as results, on stdout and in a file, beside the error", async () => {
    project.write("policypack/elevation.yaml", CLEAN.replace("max: PT1H", "max: P1M"));
    const printed = await elevate(["lint", "--at", AT, "--sarif", "-", "--directory", "gone.yaml"], {
      cwd: project.path,
    });
    assert.equal(printed.exit, 2);
    const log = JSON.parse(printed.stdout) as Sarif;
    assert.ok(validate(log), JSON.stringify(validate.errors));
    const [run] = log.runs;
    assert.deepEqual(
      run?.results.map(({ ruleId, level, locations }) => [ruleId, level, locations[0]?.physicalLocation]),
      [
        ["document", "error", { artifactLocation: { uri: "gone.yaml", uriBaseId: "%SRCROOT%" } }],
        ["document", "error", placeOf("policypack/elevation.yaml", 19, 49)],
      ],
    );
    const written = await elevate(["lint", "--at", AT, "--sarif", "lint.sarif", "--directory", "gone.yaml"], {
      cwd: project.path,
    });
    assert.deepEqual(written, { ...printed, stdout: "" });
    assert.deepEqual(JSON.parse(project.read("lint.sarif")), log);
  });

  it("when a file lies outside of the project, then its whole path is told", async () => {
    const other = aProject();
    try {
      const directory = other.write("directory.yaml", UNUSED);
      const [run] = (await sarif(project.path, "--directory", directory)).runs;
      const artifacts = run?.results.map(({ locations }) => locations[0]?.physicalLocation.artifactLocation);
      assert.deepEqual(artifacts?.at(-1), { uri: `file://${directory}` });
    } finally {
      other.remove();
    }
  });
}).timeout(TIMEOUT);

function placeOf(uri: string, startLine: number, startColumn: number): object {
  return { artifactLocation: { uri, uriBaseId: "%SRCROOT%" }, region: { startLine, startColumn } };
}

interface Sarif {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly locations: readonly { readonly physicalLocation: { readonly artifactLocation: object } }[];
    }[];
  }[];
}

const TABLE = `place                            severity  check                  what is wrong, and how to mend it
policypack/elevation.yaml:5:12   warning   environment-unbounded  the environment \`staging\` has critical roles (\`orders-admin\`) and no \`maxDuration\`; give it one
policypack/elevation.yaml:14:9   error     rule-unguarded         rule \`dba-orders-short\` gives \`orders-admin\` (critical) without approvals, a reason of some length, a ticket or hours that bound it; ask for one of them
policypack/directory.yaml:15:12  note      job-function-empty     nobody has the job function \`auditor\`; give it to somebody, or take it out

1 error, 1 warning, 1 note
`;
