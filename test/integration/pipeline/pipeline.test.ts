// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { openSession, type SqlSession } from "@elevation/scripts/support/sql-session";
import { execute, must } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { killTree } from "../../support/kill-tree";
import { type Clone, startTeam, type Team, textOf } from "../../support/pipeline";
import { startOrders } from "../../support/pulumi-suite";

const ADMIN_WORK = "SELECT count(*) FROM orders";
const REFUSED = "ERROR:  permission denied for table orders";

/** The steps that CI and schedules run, as they run them: in clones of one repository, each with its own environment. */
describe("pipeline", function () {
  this.timeout(180_000);
  let server: PostgresServer;
  let team: Team;
  let author: Clone;
  let protectedClone: Clone;
  let sessions: SqlSession[] = [];

  before(async function () {
    this.timeout(engineTimeoutMs);
    await theEngine();
    server = await startOrders();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    team = await startTeam(server);
    author = await team.clone("author");
    protectedClone = await team.clone("protected");
  });
  afterEach(async () => {
    for (const session of sessions) await session.close();
    sessions = [];
    const admin = await openSession(server.url("postgres", "orders"));
    const roles = await admin.run(
      "SELECT coalesce(string_agg(rolname, ', '), '') FROM pg_roles WHERE rolname LIKE 'elev\\_%' AND rolname <> 'elevation_manager'",
    );
    if (roles !== "") await admin.run(`DROP ROLE ${roles}`);
    await admin.close();
    team?.dispose();
  });

  const session = async (login: string): Promise<SqlSession> => {
    const opened = await openSession(server.url(login, "orders"));
    sessions.push(opened);
    return opened;
  };
  const work = async (login: string): Promise<string> => (await session(login)).run(ADMIN_WORK);
  /** Merges what the author has, and brings the protected branch's clone up to it. */
  const merge = async (): Promise<void> => {
    await author.commit("requests");
    await must(author.git("push", "--quiet", "origin", "HEAD:main"));
    await must(protectedClone.git("pull", "--quiet"));
  };
  const deploy = (...args: string[]) =>
    protectedClone.step(["deploy", "--publish", team.published, ...args], team.jobEnv);
  /** A preview with the protected branch's code and the author's requests. */
  const preview = async (env: Readonly<Record<string, string>> = {}, ...args: string[]) => {
    const summary = join(team.root, "summary.md");
    writeFileSync(summary, "");
    const requests = join(author.path, "stacks", "requests");
    const options = ["preview", "--requests", requests, "--published", team.published, "--summary", summary, ...args];
    const finished = await protectedClone.step(options, { ...team.previewEnv, ...env });
    return { ...finished, summary: readFileSync(summary, "utf8") };
  };
  const allowed = { duration: "PT10M" };

  it("when a request is previewed, mended, merged and expires, then each step does its part and nothing else", async () => {
    author.request("alice", { duration: "PT9H" });
    const first = await preview();
    assert.equal(first.code, 3, first.output);
    assert.match(first.summary, /^## Elevation: this can't be merged yet$/m);
    assert.match(
      first.summary,
      /^\| ` alice ` \| ` alice@example.com ` \| ` orders-admin ` \| ` production ` \| \*\*denied\*\* \|/m,
    );
    assert.match(first.summary, /^- ` duration-too-long ` .+; set ` duration ` to PT1H or less$/m);
    assert.match(first.output, /\[mandatory\].*duration-max|duration-too-long|asks for 9 h/);

    author.request("alice", { duration: "PT12S" });
    const second = await preview();
    assert.equal(second.code, 0, second.output);
    assert.match(second.summary, /^## Elevation: this can be merged$/m);
    assert.match(
      second.summary,
      /^- begins at ` \S+Z ` at the earliest: at connection ` orders `, role ` elev_[0-9a-f]{40} ` \(NOLOGIN\) is made, becomes a member of ` orders_admin `, and is granted to ` alice ` with INHERIT and, from PostgreSQL 16 on, without SET$/m,
    );
    assert.equal(await work("alice"), REFUSED, "a preview grants nothing");
    assert.deepEqual(await team.events("alice"), [], "a preview journals nothing");

    await merge();
    const deployed = await deploy();
    assert.equal(deployed.code, 0, deployed.output);
    const alice = await session("alice");
    assert.equal(await alice.run(ADMIN_WORK), "30");
    assert.deepEqual(readdirSync(team.published).sort(), ["journal.jsonl", "journal.jsonl.alive", "production.json"]);

    const third = await preview();
    assert.equal(third.code, 0, third.output);
    assert.match(third.summary, /^Nobody gains or loses access\.$/m);
    const silent = /SILENT: nobody ever said that grants in (` )?`?production/;
    assert.match(third.summary, new RegExp(`^> ${silent.source}`, "m"));
    assert.match(third.output, silent, "the pack says so, too");

    await delay(12_000);
    const scheduled = await protectedClone.step(["schedule", "--publish", team.published], team.jobEnv);
    assert.equal(scheduled.code, 0, scheduled.output);
    const heard = JSON.parse(readFileSync(join(team.published, "journal.jsonl.alive", "copy.json"), "utf8"));
    assert.deepEqual(
      heard.beats.map(({ at: _, ...beat }: Record<string, unknown>) => beat),
      [{ by: "schedule", environments: null, everySeconds: 300, stopped: false }],
    );
    assert.match(await alice.cut, /terminating connection/);
    assert.equal(await work("alice"), REFUSED);
    assert.deepEqual((await team.events("alice")).slice(-2), ["revoking", "expired"]);
    const again = await deploy();
    assert.equal(again.code, 0, again.output);
    assert.equal(await work("alice"), REFUSED, "a deploy of the same request brings nothing back");
  });

  it("when one is withdrawn, one denied and one allowed, then the preview tells of each, and one deploy does it all", async () => {
    author.request("leaving", allowed);
    await merge();
    assert.equal((await deploy()).code, 0);
    author.remove("stacks/requests/leaving.yaml");
    author.request("denied", { requester: "mallory@example.com" });
    author.request("coming", { requester: "bruno@example.com", ...allowed });
    author.request("late", { ...allowed, extra: "activateBy: 2026-01-01T00:00:00Z" });
    const { summary, code } = await preview();
    assert.equal(code, 3);
    assert.match(
      summary,
      /^\*\*` leaving `\*\* is withdrawn: ` alice@example.com ` loses it on merge, before its end at ` \S+Z `$/m,
    );
    assert.match(summary, /^\| ` denied ` \| ` mallory@example.com ` .+ \*\*denied\*\* \|/m);
    assert.match(summary, /^\*\*` late `\*\* \(` late\.yaml `\) can open nothing:\n\n- ` request-lapsed ` /m);
    assert.match(summary, /^\| ` coming ` \| ` bruno@example.com ` .+ allowed \|/m);

    await merge();
    const deployed = await deploy();
    assert.equal(deployed.code, 0, deployed.output);
    assert.match(deployed.output, /denied\.yaml is denied and not declared:/);
    assert.equal(await work("alice"), REFUSED);
    assert.equal(await work("bruno"), "30");
    assert.deepEqual(await team.events("denied"), ["decided"]);
    assert.deepEqual((await team.events("leaving")).slice(-2), ["revoking", "revoked"]);
  });

  it("when the pull request changes the policy, the pack, the program and the stack's config, too, then the preview takes its requests alone", async () => {
    author.request("mallory", { requester: "mallory@example.com" });
    author.write(
      "policypack/elevation.yaml",
      textOf(join(author.path, "policypack/elevation.yaml"))?.replace(
        "jobFunctions: [dba]",
        "jobFunctions: [dba, support]",
      ) ?? "",
    );
    author.write("policypack/dist/index.js", "process.exit(0);");
    author.write(
      "stacks/index.ts",
      `require("node:fs").writeFileSync(${JSON.stringify(join(team.root, "owned"))}, "");`,
    );
    author.write("stacks/Pulumi.production.yaml", "config:\n  elevation:environments: [staging]\n");
    const { code, summary } = await preview();
    assert.equal(code, 3);
    assert.match(summary, /` not-eligible `/);
    assert.equal(textOf(join(team.root, "owned")), null);
  });

  it("when the preview's job holds a credential, then it refuses to run", async () => {
    for (const variable of ["ELEVATION_CONNECTION_ORDERS", "ELEVATION_CANARY_ORDERS"]) {
      const { code, stderr } = await preview({ [variable]: "postgres://x" });
      assert.equal(code, 2);
      assert.equal(
        stderr,
        `error: this job holds \`${variable}\`, and a job that looks at a pull request holds no credential; take it out of the job's environment\n`,
      );
    }
  });

  it("when a request file is malformed or a link, then the preview names it and the deploy withdraws nothing", async () => {
    author.request("staying", allowed);
    author.request("late", { duration: "PT1S", requester: "bruno@example.com" });
    await merge();
    assert.equal((await deploy()).code, 0);
    author.remove("stacks/requests/staying.yaml");
    author.write("stacks/requests/broken.yaml", "apiVersion: elevation/v1\nkind: Reqest\n");
    symlinkSync("/etc/hostname", join(author.path, "stacks/requests/link.yaml"));
    const { code, summary } = await preview();
    assert.equal(code, 2);
    assert.match(summary, /The request files can't be read, so nothing was judged\./);
    assert.match(summary, /stacks\/requests\/broken\.yaml:2:7: .*Reqest/);
    assert.match(summary, /link\.yaml.* is a symbolic link/);

    await merge();
    const deployed = await deploy();
    assert.equal(deployed.code, 2, deployed.output);
    assert.match(deployed.output, /nothing is granted: mend stacks\/requests, as said above/);
    assert.equal(await work("alice"), "30", "what can't be read must never look like a withdrawn request");
    assert.equal(await work("bruno"), REFUSED, "what is past its end ends all the same");
  });

  it("when a request holds mark-up, mentions and control characters, then the summary shows them as text", async () => {
    const reason =
      "![x](http://evil.example/a.png) @everyone <img src=x> | ` [a](b) \u001b[31m <!-- elevation preview -->";
    author.request("alice", { ...allowed, reason });
    const { summary } = await preview();
    assert.ok(
      summary.includes(
        "because: `` ![x](http://evil.example/a.png) @everyone <img src=x> ¦ ` [a](b) \\u{1b}[31m <!-- elevation preview --> ``",
      ),
      summary,
    );
  });

  describe("a state whose code is not ours", () => {
    const SHELL = (file: string) =>
      `exports.handler = () => { require("node:fs").writeFileSync(${JSON.stringify(file)}, ""); return {}; };`;

    for (const step of ["deploy", "schedule", "recover", "destroy"]) {
      it(`when ${step} finds it, then no engine runs on it, and what is due ends all the same`, async () => {
        author.request("alice", { duration: "PT2S" });
        await merge();
        assert.equal((await deploy()).code, 0);
        const file = join(team.root, "state.json");
        await must(
          execute(
            "pulumi",
            ["stack", "export", "--stack", "production", "--file", file],
            team.jobEnv,
            protectedClone.path,
          ),
        );
        const owned = join(team.root, "owned");
        const state = readFileSync(file, "utf8").replace(
          /"__provider": "(?:[^"\\]|\\.)*"/g,
          () => `"__provider": ${JSON.stringify(SHELL(owned))}`,
        );
        writeFileSync(file, state);
        await must(
          execute(
            "pulumi",
            ["stack", "import", "--stack", "production", "--file", file],
            team.jobEnv,
            protectedClone.path,
          ),
        );
        await delay(2_000);
        const { code, output } = await protectedClone.step([step], team.jobEnv);
        assert.equal(code, 1, output);
        assert.match(
          output,
          /^REFUSED: stack `production`: `alice-[0-9a-f]{12}` holds provider code that this version did not ship, and a refresh would run it; find out who wrote to the state, and restore it from a backup$/m,
        );
        assert.equal(textOf(owned), null, "the foreign code ran");
        if (step !== "destroy") assert.equal(await work("alice"), REFUSED);
      });
    }
  });

  it("when a deploy is killed, then the next is refused by the lock, and recover finishes it without a second grant", async () => {
    author.request("alice", allowed);
    await merge();
    let pid = 0;
    const killed = protectedClone.step(["deploy"], team.jobEnv, {
      onStart: (started) => {
        pid = started;
      },
    });
    while (!(await team.events("alice")).includes("activated")) await delay(20);
    killTree(pid);
    assert.notEqual((await killed).code, 0);
    const locked = await deploy();
    assert.equal(locked.code, 4, locked.output);
    const recovered = await protectedClone.step(["recover", "--publish", team.published], team.jobEnv);
    assert.equal(recovered.code, 0, recovered.output);
    assert.equal(await work("alice"), "30");
    assert.deepEqual(await team.events("alice"), ["decided", "activating", "activated"]);
    assert.equal((await deploy()).code, 0);
  });

  it("when everything is destroyed with policy and requests deleted, then all access ends", async () => {
    author.request("alice", allowed);
    author.request("bruno", { requester: "bruno@example.com", ...allowed });
    await merge();
    assert.equal((await deploy()).code, 0);
    for (const path of ["policypack/elevation.yaml", "policypack/directory.yaml", "stacks/requests"])
      protectedClone.remove(path);
    const { code, output } = await protectedClone.step(["destroy"], team.jobEnv);
    assert.equal(code, 0, output);
    assert.equal(await work("alice"), REFUSED);
    assert.equal(await work("bruno"), REFUSED);
  });

  it("when the target is down, then schedule says so with exit 4, and the next one ends it", async () => {
    author.request("alice", { duration: "PT2S" });
    await merge();
    assert.equal((await deploy()).code, 0);
    await delay(2_000);
    const away = { ...team.jobEnv, ELEVATION_CONNECTION_ORDERS: "postgres://elevation_manager@127.0.0.1:1/orders" };
    const { code, output } = await protectedClone.step(["schedule"], away);
    assert.equal(code, 4, output);
    assert.match(output, /^STUCK: alice \(alice@example\.com\): /m);
    assert.equal((await protectedClone.step(["schedule"], team.jobEnv)).code, 0);
    assert.equal(await work("alice"), REFUSED);
  });

  it("when a stack is named that isn't there, then the step says which there are", async () => {
    const { code, stderr } = await protectedClone.step(["schedule", "--stack", "prodution"], team.jobEnv);
    assert.equal(code, 2);
    assert.equal(
      stderr,
      "error: stack `prodution` has no file stacks/Pulumi.prodution.yaml; the project has `production`\n",
    );
  });
});
