// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Decision } from "@elevation/domain";
import { AT, aRequest, DIRECTORY, POLICY } from "./documents";
import { aProject, elevate, type Project, TIMEOUT } from "./elevate";

const NO_JOURNAL =
  "no journal is configured: form and policy are judged as if the request were new; what was granted before is not known\n";

describe("elevate check", () => {
  let project: Project;
  const check = (...args: string[]) => elevate(["check", ...args], { cwd: project.path });

  beforeEach(() => {
    project = aProject();
    project.write("alice.yaml", aRequest());
    project.write("bob.yaml", aRequest({ requester: "bob@example.com" }, "bob-orders"));
    project.write("long.yaml", aRequest({ duration: "PT9H", reason: "short" }, "alice-long"));
  });
  afterEach(() => project.remove());

  it("when the request is allowed, then a table says by which rule and until when", async () => {
    assert.deepEqual(await check("alice.yaml", "--at", AT), {
      exit: 0,
      stdout: `request       person             role          environment  outcome  rule              from                  until
alice-orders  alice@example.com  orders-admin  production   allow    dba-orders-short  2026-11-24T10:00:00Z  2026-11-24T10:45:00Z
`,
      stderr: NO_JOURNAL,
    });
  });

  it("when several requests are given, then each is judged, and what is wrong stands below the table", async () => {
    assert.deepEqual(await check("alice.yaml", "bob.yaml", "./long.yaml", "--at", AT), {
      exit: 3,
      stdout: `request       person             role          environment  outcome  rule              from                  until
alice-orders  alice@example.com  orders-admin  production   allow    dba-orders-short  2026-11-24T10:00:00Z  2026-11-24T10:45:00Z
bob-orders    bob@example.com    orders-admin  production   deny     -                 -                     -
alice-long    alice@example.com  orders-admin  production   deny     dba-orders-short  -                     -

bob-orders (bob.yaml) is denied:
  not-eligible: \`bob-orders\` asks for \`orders-admin\` in \`production\`, which no rule gives to \`bob@example.com\`, rule \`dba-orders-short\` only to others; ask whoever keeps the policy

alice-long (./long.yaml) is denied:
  duration-too-long: \`alice-long\` asks for 9 h, rule \`dba-orders-short\` allows 1 h; set \`duration\` to PT1H or less
  reason-insufficient: the reason of \`alice-long\` has 5 characters, rule \`dba-orders-short\` wants 10 or more; say more about what the access is for
`,
      stderr: NO_JOURNAL,
    });
  });

  it("when one request is denied, then --json prints its decision", async () => {
    const { exit, stdout, stderr } = await check("long.yaml", "--at", AT, "--json");
    const { requestDigest, policyDigest, directoryDigest, ...decision } = JSON.parse(stdout) as Decision;
    for (const digest of [requestDigest, policyDigest, directoryDigest]) assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual({ exit, stderr, decision }, { exit: 3, stderr: NO_JOURNAL, decision: DENIED });
  });

  it("when several requests or a folder are given, then --json prints a list, else one decision", async () => {
    project.write("requests/b.json", REQUEST_JSON);
    project.write("requests/deep/a.yml", aRequest({}, "deep"));
    project.write("requests/.hidden.yaml", "not looked at");
    project.write("requests/README.md", "not looked at");
    mkdirSync(join(project.path, "empty"));
    const runs = await Promise.all([
      check("alice.yaml", "--at", AT, "--json"),
      check("alice.yaml", "bob.yaml", "--at", AT, "--json"),
      check("requests", "--at", AT, "--json"),
      check("requests/deep", "--at", AT, "--json"),
      check("empty", "--at", AT, "--json"),
    ]);
    const shapes = runs.map(({ exit, stdout }) => {
      const printed = JSON.parse(stdout) as Decision | Decision[];
      return [exit, Array.isArray(printed) ? printed.map(({ outcome }) => outcome) : printed.outcome];
    });
    assert.deepEqual(shapes, [
      [0, "allow"],
      [3, ["allow", "deny"]],
      [0, ["allow", "allow"]],
      [0, ["allow"]],
      [0, []],
    ]);
    assert.equal(runs[4]?.stderr, `${NO_JOURNAL}there is no request file in what was named: nothing was judged\n`);
  });

  it("when a folder holds what isn't read, then that is an error beside the others", async () => {
    project.write("requests/a.yaml", aRequest({ duration: "P1M" }));
    project.write("requests/b.YAML", aRequest({}, "b"));
    project.write("requests/.gitkeep", "");
    symlinkSync("../alice.yaml", join(project.path, "requests", "c.yaml"));
    const { exit, stdout, stderr } = await check("requests", "--at", AT, "--json");
    assert.deepEqual(
      [exit, stderr],
      [
        2,
        "requests/b.YAML: its name ends in `.YAML`, request files end in lower case; rename it to end in `.yaml`\n" +
          "requests/c.yaml: it is a symbolic link; put the file itself here\n" +
          "requests/a.yaml:8:13: `spec.duration` is `P1M`, not a duration of fixed length up to 100 years; write weeks, days, hours, minutes or seconds, as in PT30M or P7D\n",
      ],
    );
    assert.deepEqual((JSON.parse(stdout) as { problems: unknown[] }).problems.slice(0, 1), [
      {
        file: "requests/b.YAML",
        line: 0,
        column: 0,
        path: "",
        message: "its name ends in `.YAML`, request files end in lower case; rename it to end in `.yaml`",
      },
    ]);
    assert.equal((await check("requests/c.yaml", "--at", AT)).exit, 0, "a link that is named itself is followed");
  });

  it("when the target is of a kind that this version doesn't serve, then the policy's answer stands, and stderr says so", async () => {
    project.write("policypack/elevation.yaml", POLICY.replaceAll("kind: postgres", "kind: aws"));
    project.write("policypack/directory.yaml", DIRECTORY.replaceAll("postgres:", "aws:"));
    const { exit, stdout, stderr } = await check("alice.yaml", "long.yaml", "--at", AT);
    assert.equal(exit, 3);
    assert.match(stdout, /^alice-orders .* allow /m);
    assert.equal(
      stderr,
      `${NO_JOURNAL}\`alice-orders\` asks for \`orders-admin\` in \`production\`, a target of kind \`aws\`, this version grants only at \`postgres\`; leave it out or use a version that serves it\n`,
    );
  });

  it("when a request is signed, then it is judged like any other", async () => {
    project.write("signed.yaml", `${aRequest()}signature: anything\n`);
    const [signed, unsigned] = await Promise.all([
      check("signed.yaml", "--at", AT, "--json"),
      check("alice.yaml", "--at", AT, "--json"),
    ]);
    assert.deepEqual(signed, unsigned);
    assert.equal(signed.exit, 0);
  });

  it("when a folder has two requests of one name, then both files are named", async () => {
    project.write("requests/a.yaml", aRequest());
    project.write("requests/b.yaml", aRequest({ duration: "PT5M" }));
    assert.deepEqual(await check("requests", "--at", AT), {
      exit: 2,
      stdout: "",
      stderr:
        "requests/b.yaml:3:19: `alice-orders` is the name of `requests/a.yaml` too; give each request a name of its own\n",
    });
  });

  it("when nothing else is said, then now is judged", async () => {
    const before = Date.now();
    const { stdout } = await check("alice.yaml", "--json");
    const { decidedAt } = JSON.parse(stdout) as Decision;
    assert.ok(before <= Date.parse(decidedAt) && Date.parse(decidedAt) <= Date.now(), decidedAt);
  });

  it("when started below the project, then policy and directory are those of the project", async () => {
    mkdirSync(join(project.path, "stacks", "requests"), { recursive: true });
    project.write("policypack/directory.yaml", "kind: Directory\n");
    const below = { cwd: join(project.path, "stacks", "requests") };
    const { exit, stderr } = await elevate(["check", "../../alice.yaml", "--at", AT], below);
    assert.equal(exit, 2);
    assert.match(stderr, /^\.\.\/\.\.\/policypack\/directory\.yaml:1:1: /);
  });

  it("when there is no project, then --policy and --directory are asked for, and do", async () => {
    const outside = aProject();
    try {
      const alone = { cwd: outside.path };
      const [policy, directory] = [outside.write("p.yaml", POLICY), outside.write("d.yaml", DIRECTORY)];
      outside.write("alice.yaml", aRequest());
      rmSync(join(outside.path, "Pulumi.yaml"));
      assert.deepEqual(await elevate(["check", "alice.yaml", "--at", AT], alone), {
        exit: 2,
        stdout: "",
        stderr: `error: no Pulumi.yaml at or above \`${outside.path}\`, so there is no default policy; run inside a project, or give \`--policy\` and \`--directory\`\n`,
      });
      const given = ["--policy", policy, "--directory", directory, "--at", AT];
      assert.equal((await elevate(["check", "alice.yaml", ...given], alone)).exit, 0);
    } finally {
      outside.remove();
    }
  });

  it("when ELEVATION_ADMINS is set, then nothing is judged", async () => {
    const env = { ELEVATION_ADMINS: "" };
    assert.deepEqual(await elevate(["check", "alice.yaml", "--at", AT], { cwd: project.path, env }), {
      exit: 2,
      stdout: "",
      stderr:
        "error: `ELEVATION_ADMINS` is set, but this version does not verify trust bundles; unset it, or use a version that does\n",
    });
  });

  for (const at of ["2026-11-24T10:00:00", "2026-11-24", "yesterday", "2026-02-30T10:00:00Z", ""]) {
    it(`when --at is "${at}", then it is refused`, async () => {
      assert.deepEqual(await check("alice.yaml", "--at", at), {
        exit: 2,
        stdout: "",
        stderr: `error: \`--at\` is \`${at}\`, no instant with an offset; write it as in 2026-11-24T10:00:00Z\n`,
      });
    });
  }

  it("when --at has another offset, then the decision is of that instant in UTC", async () => {
    const { stdout } = await check("alice.yaml", "--at", "2026-11-24T12:00:00+02:00", "--json");
    assert.equal((JSON.parse(stdout) as Decision).decidedAt, "2026-11-24T10:00:00.000Z");
  });
}).timeout(TIMEOUT);

const REQUEST_JSON = JSON.stringify({
  apiVersion: "elevation/v1",
  kind: "Request",
  metadata: { name: "json" },
  spec: {
    requester: "alice@example.com",
    role: "orders-admin",
    environment: "staging",
    requestedAt: "2026-11-24T09:55:00Z",
    reason: "Rebuild the orders index",
  },
});

const DENIED: Omit<Decision, "requestDigest" | "policyDigest" | "directoryDigest"> = {
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
      message: "`alice-long` asks for 9 h, rule `dba-orders-short` allows 1 h; set `duration` to PT1H or less",
    },
    {
      id: "reason-insufficient",
      rule: "dba-orders-short",
      path: "spec.reason",
      observed: "5",
      limit: "10",
      message:
        "the reason of `alice-long` has 5 characters, rule `dba-orders-short` wants 10 or more; say more about what the access is for",
    },
  ],
  approvals: { required: [], given: [], missing: [] },
  decidedAt: "2026-11-24T10:00:00.000Z",
};
