// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { type Decision, formatInstant } from "@elevation/domain";
import { AT, aRequest, DIRECTORY, intentOf, POLICY } from "../../integration/cli/documents";
import { aJournal, aProject, JOB, type Project } from "../../integration/cli/elevate";
import { elevateHere } from "../../support/in-process";

const NO_JOURNAL = "no journal is configured: live grants are not looked at";
const WIDER = POLICY.replace("max: PT1H", "max: PT8H").replace("reason: { minLength: 10 }", "reason: { minLength: 5 }");
const FROZEN = POLICY.replace(
  "requests:",
  `  - { id: incident, effect: deny, who: everyone, roles: "*", environments: [production] }\nrequests:`,
);

describe("elevate diff", () => {
  let project: Project;

  beforeEach(() => {
    project = aProject();
  });
  afterEach(() => project.remove());

  const diff = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    elevateHere(["diff", ...args, "--at", AT], { cwd: project.path, env });

  it("when a policy gives more, then it says to whom, where and for what, and the exit code is 1", async () => {
    project.write("wider.yaml", WIDER);
    assert.deepEqual(await diff(["policypack/elevation.yaml", "wider.yaml"]), {
      exit: 1,
      stderr: [NO_JOURNAL],
      stdout: `policypack/elevation.yaml → wider.yaml: access is wider

who gets more, longer or for less
  alice@example.com: orders-admin in production, staging: longest 1 h → 8 h
    rule dba-orders-short: duration.max PT1H → PT8H
    rule dba-orders-short: reason.minLength 10 → 5
`,
    });
    assert.equal((await diff(["wider.yaml", "policypack/elevation.yaml"])).exit, 0);
  });

  it("when Markdown is asked for, then what others wrote is code in it", async () => {
    project.write("new/elevation.yaml", POLICY.replace("requests:", "limits: { perPerson: { live: 1 } }\nrequests:"));
    project.write("new/directory.yaml", DIRECTORY.replace("jobFunctions: [sre]", "jobFunctions: [dba]"));
    assert.deepEqual(await diff(["policypack", "new", "--markdown"]), {
      exit: 1,
      stderr: [NO_JOURNAL],
      stdout: `### \`policypack\` → \`new\`: access is wider, and narrower elsewhere

#### ⚠️ Who gains access

- \`bob@example.com\`: \`orders-admin\` in \`production\`, \`staging\`
  - new rule \`dba-orders-short\` (\`duration.max PT1H, duration.default PT30M, reason.minLength 10\`)

#### Settings that are narrower

- \`limits.perPerson.live\`: none → \`1\`
`,
    });
  });

  it("when nothing changes but words, then it says so", async () => {
    project.write("same.yaml", POLICY.replace("Full control", "All control"));
    assert.deepEqual(await diff(["policypack/elevation.yaml", "same.yaml"]), {
      exit: 0,
      stderr: [NO_JOURNAL],
      stdout: "policypack/elevation.yaml → same.yaml: the same access\n",
    });
  });

  it("when a directory is compared, then by the project's policy; --json has it all", async () => {
    project.write("other.yaml", DIRECTORY.replace("jobFunctions: [dba]", "jobFunctions: [sre]"));
    const { exit, stdout } = await diff(["policypack/directory.yaml", "other.yaml", "--json"]);
    const alice = "alice@example.com";
    const was = "duration.max PT1H, duration.default PT30M, reason.minLength 10";
    assert.deepEqual(
      [exit, JSON.parse(stdout)],
      [
        0,
        {
          old: "policypack/directory.yaml",
          new: "other.yaml",
          at: "2026-11-24T10:00:00.000Z",
          widened: false,
          narrowed: true,
          settings: [],
          identities: [],
          approvers: [],
          access: [
            {
              effect: "loss",
              widened: false,
              narrowed: true,
              longest: { from: "PT1H", to: null },
              changes: [{ rule: "dba-orders-short", effect: "allow", field: "rule", from: was, to: null }],
              people: { people: [alice], isEveryone: false, jobFunctions: [], others: [alice] },
              places: [
                { role: "orders-admin", environment: "production" },
                { role: "orders-admin", environment: "staging" },
              ],
              gained: null,
              lost: { always: true, from: "2026-11-24T10:00:00.000Z", to: null, stretches: 2 },
            },
          ],
          people: { joined: [], left: [] },
          live: null,
          replay: null,
        },
      ],
    );
  });

  describe("of Git revisions", () => {
    const git = (...args: readonly string[]) =>
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
        cwd: project.path,
        stdio: ["ignore", "pipe", "ignore"],
      });
    const wider = "access is wider";

    beforeEach(() => {
      git("init", "-q", "-b", "main");
      git("add", ".");
      git("commit", "-q", "-m", "one");
      git("switch", "-q", "-c", "proposal");
      project.write("policypack/elevation.yaml", WIDER);
      git("commit", "-q", "-a", "-m", "two");
      git("switch", "-q", "main");
      project.write("policypack/elevation.yaml", FROZEN);
      git("commit", "-q", "-a", "-m", "three");
      git("switch", "-q", "proposal");
      // The working tree is not what is compared.
      project.write("policypack/elevation.yaml", "no policy");
    });

    it("when two commits are named, then their documents are compared, also from a folder below", async () => {
      const first = async (...args: string[]) => (await diff(args)).stdout.split("\n")[0];
      assert.equal(await first("main~1..proposal"), `main~1 → proposal: ${wider}`);
      assert.equal(await first("main~1", "proposal"), `main~1 → proposal: ${wider}`);
      assert.equal(await first("main...proposal"), `main → proposal: ${wider}`);
      assert.equal(await first("main~1.."), `main~1 → HEAD: ${wider}`);
      assert.equal(await first("proposal..main~1"), "proposal → main~1: access is narrower, and nowhere wider");
      const below = await elevateHere(["diff", "main~1..proposal"], { cwd: `${project.path}/policypack` });
      assert.equal(below.stdout.split("\n")[0], `main~1 → proposal: ${wider}`);
    });

    it("when a revision or a path isn't there, then it says so", async () => {
      const fault = async (...args: string[]) => {
        const { exit, stderr } = await diff(args);
        return [exit, ...stderr];
      };
      assert.deepEqual(await fault("nowhere..main"), [
        2,
        "error: `nowhere` is no file, folder or Git revision here; check the name",
      ]);
      assert.deepEqual(await fault("main..--output=x"), [
        2,
        "error: `--output=x` is no file, folder or Git revision here; check the name",
      ]);
      assert.deepEqual(await fault("main", "policypack"), [
        2,
        "error: `main` is no file or folder, and the other is; name two paths, or two Git revisions as in main..HEAD",
      ]);
      assert.deepEqual(await fault("main"), [
        2,
        "error: `main` is compared with nothing; name a second file or folder, or two Git revisions as in main..HEAD",
      ]);
      assert.deepEqual(await fault("main..proposal", "--policy", "elsewhere.yaml"), [
        2,
        "error: `elsewhere.yaml` is not in `main`; check path and revision",
      ]);
    });

    it("when a commit holds a bad document, then its problems name the commit", async () => {
      git("commit", "-q", "-a", "-m", "bad");
      const { exit, stderr } = await diff(["main..HEAD"]);
      assert.equal(exit, 2);
      assert.match(stderr[0] ?? "", /^HEAD:policypack\/elevation\.yaml:1:1: /);
    });
  });

  describe("with a journal", () => {
    it("when live grants would be denied, then they are told, and which end at once", async () => {
      const journal = await aJournal(project);
      await journal.journal.append([
        intentOf(aRequest()),
        intentOf(aRequest({ environment: "staging", duration: "PT1H" }, "alice-staging")),
      ]);
      await journal.journal.close();
      project.write("new.yaml", FROZEN.replace("max: PT1H", "max: PT50M"));
      const { exit, stdout, stderr } = await diff(["policypack/elevation.yaml", "new.yaml"], journal.env);
      assert.deepEqual([exit, stderr], [0, []]);
      assert.equal(
        stdout.slice(stdout.indexOf("live grants")),
        `live grants that would be denied today
  alice-orders (alice@example.com): orders-admin in production, ends at once
    denied: \`alice-orders\` asks for \`orders-admin\` in \`production\` at 2026-11-24T10:00:00.000Z, which rule \`incident\` denies; ask whoever keeps the policy
  alice-staging (alice@example.com): orders-admin in staging, lives on until 2026-11-24T10:41:00Z
    duration-too-long: \`alice-staging\` asks for 1 h, rule \`dba-orders-short\` allows 50 min; set \`duration\` to PT50M or less
`,
      );
    });

    it("when a new conflict, limit or approval stands against live grants, then that is told of each", async () => {
      const journal = await aJournal(project);
      const auditor = "orders-auditor";
      const one = intentOf(aRequest());
      const two = intentOf(aRequest({ role: auditor }, "alice-audit"));
      await journal.journal.append([one, two]);
      await journal.journal.close();
      const policy = POLICY.replace(
        "rules:",
        `  ${auditor}:\n    targets: { production: { kind: postgres, connection: orders-production, role: audit } }\nrules:`,
      ).replace("roles: [orders-admin]", `roles: [orders-admin, ${auditor}]`);
      project.write("old.yaml", policy);
      const told = async (name: string, text: string) => {
        project.write(name, text);
        const { live } = JSON.parse((await diff(["old.yaml", name, "--json"], journal.env)).stdout) as {
          live: { name: string; ends: boolean; violations: { id: string }[] }[];
        };
        return live.map((each) => [each.name, each.ends, each.violations.map(({ id }) => id)]);
      };
      const both = (id: string) => ["alice-orders", "alice-audit"].map((name) => [name, false, [id]]);
      const adding = (text: string) => policy.replace("requests:", `${text}\nrequests:`);
      assert.deepEqual(
        [
          await told("conflict.yaml", adding(`conflicts: [[orders-admin, ${auditor}]]`)),
          await told("one.yaml", adding("limits: { perPerson: { live: 1 } }")),
          await told("two.yaml", adding("limits: { perPerson: { live: 2 } }")),
          await told(
            "approval.yaml",
            policy.replace(
              "reason: { minLength: 10 }",
              "reason: { minLength: 10 }\n    approvals: { from: { jobFunctions: [sre] }, count: 1 }",
            ),
          ),
        ],
        [both("conflicting-roles"), both("limit-exceeded"), [], both("approvals-missing")],
      );
    });

    it("when the past is replayed, then each decision is judged by what was live then, and those that change are told", async () => {
      const journal = await aJournal(project);
      const one = intentOf(aRequest());
      const two = intentOf(aRequest({ environment: "staging", duration: "PT30M" }, "alice-staging"));
      const long = intentOf(aRequest({ duration: "PT2H" }, "alice-long"));
      await journal.journal.append([
        decided(one, "allow"),
        decided(long, "deny"),
        one,
        decided(two, "allow"),
        two,
        one,
      ]);
      await journal.journal.close();
      project.write("new.yaml", WIDER.replace("requests:", "limits: { perPerson: { live: 1 } }\nrequests:"));
      const replayed = await diff(["policypack/elevation.yaml", "new.yaml", "--replay"], journal.env);
      assert.equal(
        replayed.stdout.slice(replayed.stdout.indexOf("decisions that")),
        `decisions that would be others
  event 3, 2026-11-24T09:56:00Z, alice-long (alice@example.com): orders-admin in production: deny (duration-too-long) → allow by dba-orders-short until 2026-11-24T11:56:00Z
  event 5, 2026-11-24T09:56:00Z, alice-staging (alice@example.com): orders-admin in staging: allow by dba-orders-short until 2026-11-24T10:41:00Z → deny (limit-exceeded)
  event 6, 2026-11-24T09:56:00Z, alice-staging (alice@example.com): orders-admin in staging: allow by dba-orders-short until 2026-11-24T10:41:00Z → deny (limit-exceeded)

5 decisions of the journal judged again, 3 would be another
`,
      );
    });

    it("when there is none, then nothing can be replayed", async () => {
      assert.deepEqual(await diff(["policypack", "policypack", "--replay"]), {
        exit: 2,
        stdout: "",
        stderr: ["error: `--replay` has no journal to read; set `ELEVATION_JOURNAL` or give `--journal`"],
      });
    });
  });

  it("when a directory and a policy are compared, then that is refused", async () => {
    const [directory, policy] = ["policypack/directory.yaml", "policypack/elevation.yaml"];
    const fix = "name two of a kind, or two folders that have elevation.yaml and directory.yaml";
    assert.deepEqual(
      [await diff([directory, policy]), await diff([policy, directory])].map(({ exit, stderr }) => [exit, stderr]),
      [
        [2, [`error: \`${directory}\` is a directory and \`${policy}\` is a policy; ${fix}`]],
        [2, [`error: \`${policy}\` is a policy and \`${directory}\` is a directory; ${fix}`]],
      ],
    );
    project.write("new/elevation.yaml", POLICY);
    project.write("new/directory.yaml", DIRECTORY);
    assert.equal((await diff([policy, "new"])).exit, 0);
  });

  it("when documents are bad, then all problems of both sides are told, those of a shared document once", async () => {
    project.write("one.yaml", POLICY.replace("kind: Policy", "kind: Policy\nextra: 1"));
    project.write("policypack/directory.yaml", DIRECTORY.replace("kind: Directory", "kind: Directory\nextra: 1"));
    const { exit, stderr } = await diff(["one.yaml", "policypack/elevation.yaml"]);
    assert.deepEqual(
      [exit, stderr.map((line) => line.split(": ")[0])],
      [2, ["one.yaml:3:1", "policypack/directory.yaml:3:1"]],
    );
  });
});

function decided({ request: digest, data }: ReturnType<typeof intentOf>, outcome: "allow" | "deny") {
  const at = "2026-11-24T09:56:00.000Z";
  const isAllowed = outcome === "allow";
  const decision: Decision = {
    outcome,
    rule: "dba-orders-short",
    activatesAt: isAllowed ? at : null,
    expiresAt: isAllowed ? data.expiresAt : null,
    effectiveEnd: isAllowed ? data.expiresAt : null,
    violations: isAllowed
      ? []
      : [{ id: "duration-too-long", rule: null, path: "", observed: null, limit: null, message: "too long" }],
    approvals: { required: [], given: [], missing: [] },
    requestDigest: digest ?? data.policyDigest,
    policyDigest: data.policyDigest,
    directoryDigest: data.directoryDigest,
    decidedAt: formatInstant(Date.parse(at)),
  };
  return { at, type: "decided", request: digest, actor: JOB, data: { decision, request: data.request } } as const;
}
