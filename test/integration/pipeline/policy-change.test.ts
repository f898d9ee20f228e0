// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { must } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { type Clone, startTeam, type Team, textOf } from "../../support/pipeline";
import { aPolicy, DIRECTORY, startOrders } from "../../support/pulumi-suite";

const POLICY = aPolicy();
const WIDER = POLICY.replace("max: PT1H", "max: PT2H");
const NARROWER = POLICY.replace("max: PT1H", "max: PT5M");

const TESTS = `apiVersion: elevation/v1
kind: PolicyTest
policy: ../elevation.yaml
directory: ../directory.yaml
cases:
  - name: a dba gets half an hour
    at: 2026-11-24T10:00:00Z
    request: { requester: alice@example.com, role: orders-admin, environment: production, reason: Index, duration: PT30M }
    expect: { outcome: allow, rule: dba, expiresAt: 2026-11-24T10:30:00Z }
  - name: nobody gets a day
    at: 2026-11-24T10:00:00Z
    request: { requester: alice@example.com, role: orders-admin, environment: production, reason: Index, duration: P1D }
    expect: { outcome: deny, violations: [duration-too-long] }
  - name: nobody gets a moment
    at: 2026-11-24T10:00:00Z
    request: { requester: alice@example.com, role: orders-admin, environment: production, reason: Index, duration: PT0.5S }
    expect: { outcome: deny, violations: [duration-too-short] }
`;

/** What the preview of a pull request says of policy, directory and policy tests: the protected branch's tools on the author's documents. */
describe("the preview of a pull request that changes what judges", function () {
  this.timeout(180_000);
  let server: PostgresServer;
  let team: Team;
  let author: Clone;
  let protectedClone: Clone;

  before(async function () {
    this.timeout(engineTimeoutMs);
    await theEngine();
    server = await startOrders();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    team = await startTeam(server, POLICY);
    author = await team.clone("author");
    author.write("policypack/tests/dba.yaml", TESTS);
    await author.commit("policy tests");
    await must(author.git("push", "--quiet", "origin", "HEAD:main"));
    protectedClone = await team.clone("protected");
  });
  afterEach(() => team?.dispose());

  /** As the workflow calls it, with the protected branch's code and the author's checkout. */
  const preview = async (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => {
    const [summary, sarif] = [join(team.root, "summary.md"), join(team.root, "lint.sarif")];
    writeFileSync(summary, "");
    const folders = ["--requests", join(author.path, "stacks", "requests"), "--documents", author.path];
    const files = ["--published", team.published, "--summary", summary, "--sarif", sarif];
    const finished = await protectedClone.step(["preview", ...folders, ...files, ...args], {
      ...team.previewEnv,
      ...env,
    });
    return { ...finished, summary: readFileSync(summary, "utf8"), sarif: textOf(sarif) };
  };
  const policy = (text: string) => author.write("policypack/elevation.yaml", text);
  const has = (summary: string, ...lines: string[]) => {
    for (const line of lines) assert.ok(summary.split("\n").includes(line), `${summary}\nlacks the line\n${line}`);
  };
  const BY = "` policypack/elevation.yaml ` (stack ` production `)";
  const SECTION = "### Policy, directory and policy tests";

  it("when it changes requests alone, then nothing is said of a policy", async () => {
    author.request("alice");
    const { code, summary, sarif } = await preview();
    assert.equal(code, 0);
    assert.ok(!summary.includes(SECTION), summary);
    assert.equal(sarif, null);
  });

  it("when it widens, then that stands first, for whom, and it fails only where it is asked to; nothing of it is run", async () => {
    policy(WIDER);
    author.write("policypack/directory.yaml", DIRECTORY.replace("jobFunctions: [support]", "jobFunctions: [dba]"));
    const owned = join(team.root, "owned");
    const run = `require("node:fs").writeFileSync(${JSON.stringify(owned)}, "")`;
    for (const file of ["policypack/dist/index.js", "policypack/index.ts", "cli/bin/elevate.js", "stacks/index.ts"])
      author.write(file, run);
    author.write("package.json", JSON.stringify({ name: "elevation", scripts: { prepare: `node -e '${run}'` } }));
    const { code, summary, stderr, sarif } = await preview();
    assert.equal(code, 0, stderr);
    assert.equal(summary.split("\n")[0], "## ⚠️ Elevation: this can be merged, and makes access wider");
    has(
      summary,
      SECTION,
      `> ⚠️ **Access gets wider** by ${BY}. Whoever approves this pull request approves that.`,
      "### `protected-branch` → `pull-request`: access is wider",
      "#### ⚠️ Who gains access",
      "- `mallory@example.com`: `orders-admin`, `orders-replica` in `production`",
      "#### ⚠️ Who gets more, longer or for less",
      "  - rule `dba`: duration.max `PT1H` → `PT2H`",
      "3 passed, 0 failed; 3 of 3 outcomes of 1 rule seen (protected branch: 3 of 3 outcomes of 1 rule seen)",
      "Nobody gains or loses access.",
    );
    const results = (JSON.parse(sarif ?? "") as { runs: [{ results: { locations: unknown[] }[] }] }).runs[0].results;
    assert.match(JSON.stringify(results[0]?.locations), /"uri":"policypack\/elevation\.yaml","uriBaseId":"%SRCROOT%"/);
    assert.equal(textOf(owned), null, "code of the pull request ran");

    const failing = await preview(["--fail-on-wider"]);
    assert.equal(failing.code, 1);
    assert.equal(failing.summary.split("\n")[0], "## ⚠️ Elevation: this can't be merged yet, and makes access wider");
  });

  it("when it only narrows, then it says who loses, which live grant would be denied and which decision would be another", async () => {
    author.request("alice", { duration: "PT10M" });
    await author.commit("a request");
    await must(author.git("push", "--quiet", "origin", "HEAD:main"));
    await must(protectedClone.git("pull", "--quiet"));
    const deployed = await protectedClone.step(["deploy", "--publish", team.published], team.jobEnv);
    assert.equal(deployed.code, 0, deployed.output);
    try {
      policy(NARROWER);
      const { code, summary } = await preview(["--fail-on-wider"]);
      assert.equal(code, 1, "two policy tests want half an hour");
      assert.equal(summary.split("\n")[0], "## Elevation: this can't be merged yet");
      author.write("policypack/tests/dba.yaml", TESTS.replace("PT30M", "PT5M").replace("T10:30", "T10:05"));
      const mended = await preview(["--fail-on-wider"]);
      assert.equal(mended.code, 0, mended.output);
      assert.equal(mended.summary.split("\n")[0], "## Elevation: this can be merged");
      has(
        mended.summary,
        "### `protected-branch` → `pull-request`: access is narrower, and nowhere wider",
        "#### Who gets less, shorter or for more",
        "- everyone in `dba` (2 people): `orders-admin`, `orders-replica` in `production`: longest 1 h → 5 min",
        "#### Live grants that would be denied today",
        "#### Decisions that would be others",
        "2 decisions of the journal judged again, 2 would be another",
      );
      assert.match(
        mended.summary,
        /^- `alice` \(`alice@example\.com`\): `orders-admin` in `production`, lives on until \S+Z$/m,
      );
    } finally {
      await must(protectedClone.step(["destroy"], team.jobEnv));
    }
  });

  it("when it breaks a policy test or takes one away, then it says which, what was expected and what is no longer seen", async () => {
    policy(NARROWER);
    author.write("policypack/tests/dba.yaml", TESTS.replace(/ {2}- name: nobody gets a moment[\s\S]*$/, ""));
    const { code, summary, stderr } = await preview();
    assert.equal(code, 1, stderr);
    has(
      summary,
      "## Elevation: this can't be merged yet",
      "**1 passed, 1 failed**; 1 of 3 outcomes of 1 rule seen (protected branch: 3 of 3 outcomes of 1 rule seen)",
      "- **failed** ` a dba gets half an hour ` (` policypack/tests/dba.yaml `)",
      "  - expected outcome ` allow `, rule ` dba `, expiresAt ` 2026-11-24T10:30:00Z `",
      "  - got deny by ` dba `: ` duration-too-long `",
      "No longer asked, or asked under another name:",
      "- ` nobody gets a moment ` (` policypack/tests/dba.yaml `)",
      "No case sees:",
    );
  });

  it("when its policy or a test is malformed, then each problem stands at its place, and its requests are judged all the same", async () => {
    author.request("alice", { duration: "PT9H" });
    policy(POLICY.replace("effect: allow", "effect: alow"));
    author.write("policypack/tests/dba.yaml", TESTS.replace("expect: { outcome: allow", "expect: { outcome: maybe"));
    const { code, summary, stderr } = await preview();
    assert.equal(code, 2);
    assert.ok(!/ {4}at /.test(stderr), stderr);
    has(
      summary,
      "## Elevation: this can't be merged yet",
      "What this pull request judges by can't be used as it is:",
      "They were not run.",
    );
    assert.match(summary, /^- policypack\/elevation\.yaml:\d+:13: ` rules\[0\]\.effect ` is ` alow `, /m);
    assert.match(summary, /^- policypack\/tests\/dba\.yaml:9:\d+: .*` maybe `/m);
    assert.match(summary, /^\| ` alice ` \| .+ \*\*denied\*\* \| ` dba ` \|/m);
  });

  it("when it asks for what this version doesn't enforce, then it says so, for the deploy would refuse it", async () => {
    policy(POLICY.replace("proof: none", "proof: signature"));
    const { code, summary } = await preview();
    assert.equal(code, 2);
    assert.match(summary, /^- policypack\/elevation\.yaml:\d+:\d+: ` requests\.proof ` is /m);
  });

  it("when it finds new faults, then they are told from those that the protected branch has, and fail it", async () => {
    const before = await preview();
    policy(
      POLICY.replace(
        "requests:",
        `  - { id: later, effect: allow, who: { jobFunctions: [dba] }, roles: "*", environments: [production], duration: { max: PT30M } }\nrequests:`,
      ),
    );
    author.write("policypack/tests/dba.yaml", TESTS);
    const { code, summary, sarif } = await preview();
    assert.equal(before.code, 0);
    assert.equal(code, 1);
    assert.match(
      summary,
      /^\| ` policypack\/elevation\.yaml:\d+:\d+ ` \| \*\*new\*\* error \| rule-shadowed \| rule ` later ` never decides: /m,
    );
    assert.match(summary, /^\| ` policypack\/elevation\.yaml:\d+:\d+ ` \| (warning|error|note) \| /m);
    assert.match(sarif ?? "", /"ruleId": "rule-shadowed"/);
  });

  it("when it also asks for access that only its own policy would give, then the protected branch's judges and that is said", async () => {
    author.request("alice", { duration: "PT90M" });
    policy(WIDER);
    const { code, summary } = await preview();
    assert.equal(code, 3);
    has(summary, "## ⚠️ Elevation: this can't be merged yet, and makes access wider");
    assert.match(summary, /^> This pull request asks for access and changes what judges it\. /m);
    assert.match(summary, /^\| ` alice ` \| .+ \*\*denied\*\* \| ` dba ` \|/m);
  });

  it("when it has a stack judged by another file, then that file is compared; a new stack's is taken for new", async () => {
    author.write("policypack/lax.yaml", WIDER);
    const config = "config:\n  elevation:policy: policypack/lax.yaml\n  elevation:environments: [production]\n";
    author.write("stacks/Pulumi.production.yaml", config);
    author.write("stacks/Pulumi.second.yaml", config);
    const { code, summary } = await preview(["--fail-on-wider"]);
    assert.equal(code, 1);
    has(
      summary,
      "> ⚠️ **Access gets wider** by ` policypack/lax.yaml ` (stack ` production `). Whoever approves this pull request approves that.",
      "> ⚠️ **Take all that ` policypack/lax.yaml ` (stack ` second `) allows for new**: the protected branch has nothing to compare it with.",
      "  - rule `dba`: duration.max `PT1H` → `PT2H`",
    );
  });

  it("when it leads to files of the machine, then none is read, and no token stands in summary or comment", async () => {
    const bodies: string[] = [];
    const github = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        if (body !== "") bodies.push((JSON.parse(body) as { body: string }).body);
        response.end("[]");
      });
    });
    await new Promise<void>((ready) => github.listen(0, "127.0.0.1", ready));
    try {
      const secret = join(team.root, "secret.yaml");
      writeFileSync(secret, "s3cr3t: of the machine\n");
      author.remove("policypack/directory.yaml");
      symlinkSync(secret, join(author.path, "policypack/directory.yaml"));
      symlinkSync(team.root, join(author.path, "policypack/more"));
      author.write("policypack/tests/dba.yaml", TESTS.replace("../elevation.yaml", "/proc/self/environ"));
      author.write("policypack/tests/up.yaml", TESTS.replace("../directory.yaml", "../../../secret.yaml"));
      author.write("stacks/Pulumi.production.yaml", `config:\n  elevation:policy: ${secret}\n`);
      const { code, output, summary } = await preview(["--pull", "7"], {
        GITHUB_TOKEN: "t0ken",
        GITHUB_REPOSITORY: "example/access",
        GITHUB_API_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}`,
      });
      assert.equal(code, 2);
      has(
        summary,
        "- ` policypack/directory.yaml ` is a symbolic link; put what it leads to in its place",
        `- \` ${secret} \` is outside of the project; name a file of it`,
        "- policypack/tests/dba.yaml:3:9: ` policy ` is ` /proc/self/environ `, outside of the project; name a file of it",
        "- policypack/tests/up.yaml:4:12: ` directory ` is ` ../../../secret.yaml `, outside of the project; name a file of it",
      );
      assert.deepEqual(bodies, [`<!-- elevation preview -->\n${summary}`]);
      for (const text of [output, summary]) assert.ok(!/s3cr3t|t0ken/.test(text), text);
    } finally {
      await new Promise((closed) => github.close(closed));
    }
  });
});
