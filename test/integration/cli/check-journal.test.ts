// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Decision, EventData, JournalEvent } from "@elevation/domain";
import { AT, aRequest, eventOf, intentOf } from "./documents";
import { aJournal, aProject, elevate, type Project, type Ran, TIMEOUT } from "./elevate";

describe("elevate check and the journal", () => {
  let project: Project;
  let journal: Awaited<ReturnType<typeof aJournal>>;

  beforeEach(async () => {
    project = aProject();
    project.write("alice.yaml", aRequest());
    journal = await aJournal(project);
  });
  afterEach(async () => {
    await journal.journal.close();
    project.remove();
  });

  const check = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    elevate(["check", "alice.yaml", "--json", ...args], { cwd: project.path, env });
  const events = () =>
    project
      .read("journal.jsonl")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as JournalEvent);

  it("when the grant is live, then its recorded times are told and nothing is judged again", async () => {
    await journal.journal.append([intentOf(aRequest())]);
    project.write(
      "policypack/elevation.yaml",
      project.read("policypack/elevation.yaml").replace("max: PT1H", "max: PT30M"),
    );
    const { exit, stdout, stderr } = await check(journal.env, "--at", AT);
    const { outcome, rule, activatesAt, expiresAt } = JSON.parse(stdout) as Decision;
    assert.deepEqual(
      [exit, stderr, outcome, rule, activatesAt, expiresAt],
      [0, "", "allow", "dba-orders-short", "2026-11-24T09:56:00.000Z", "2026-11-24T10:41:00.000Z"],
    );
  });

  it("when the grant has ended, then the request is denied", async () => {
    const intent = intentOf(aRequest());
    const ended = { cause: "withdrawn", endedAt: "2026-11-24T09:58:00.000Z", sessionsEnded: 0 } as const;
    await journal.journal.append([intent]);
    await journal.journal.append([eventOf(intent.request, { type: "revoked", data: ended })]);
    assert.deepEqual(idsOf(await check(journal.env, "--at", AT)), [3, ["request-ended"]]);
  });

  it("when the request is older than the journal, then it is denied", async () => {
    project.write("alice.yaml", aRequest({ requestedAt: "2026-10-31T23:59:59Z" }));
    assert.deepEqual(idsOf(await check(journal.env, "--at", "2026-10-31T23:59:59Z")), [3, ["request-ended"]]);
  });

  it("when the journal is configured and can't be trusted, then that is the decision", async () => {
    const other = "0".repeat(64);
    const rows: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
      [
        { ...journal.env, ELEVATION_JOURNAL_ID: other },
        `the journal \`${journal.address}\` cannot be trusted: its id is ${journal.id}, the one to be trusted is ${other}; correct \`ELEVATION_JOURNAL\`, or bring the right journal back`,
      ],
      [
        { ELEVATION_JOURNAL: journal.address },
        `the journal \`${journal.address}\` cannot be trusted: nothing says which journal it should be; set \`ELEVATION_JOURNAL_ID\` to the id that \`elevate journal init\` printed`,
      ],
      [
        { ...journal.env, ELEVATION_JOURNAL: `${journal.address}.gone` },
        `there is no journal at \`${journal.address}.gone\`; correct \`ELEVATION_JOURNAL\`, or make one with \`elevate journal init\``,
      ],
      [
        { ...journal.env, ELEVATION_JOURNAL: "file:journal.jsonl" },
        "the journal's address `file:journal.jsonl` is relative, and processes that share it run in different folders; write an absolute path",
      ],
      [
        { ...journal.env, ELEVATION_JOURNAL: "postgres://elevation:secret@db.example.com/journal" },
        "the journal's address has no `sslmode` although it leaves this machine; use `sslmode=verify-full`, with `sslrootcert` for a private authority, or write `sslmode=disable`",
      ],
    ];
    const found = await Promise.all(rows.map(([env]) => check(env, "--at", AT)));
    for (const [index, [, message]] of rows.entries()) {
      const { requestDigest, policyDigest, directoryDigest, ...decision } = JSON.parse(
        found[index]?.stdout ?? "",
      ) as Decision;
      assert.match([requestDigest, policyDigest, directoryDigest].join(), /^(sha256:[0-9a-f]{64},?){3}$/);
      assert.deepEqual([found[index]?.exit, found[index]?.stderr, decision], [3, "", untrusted(message)]);
    }
  });

  it("when the journal was tampered with, then that is the decision", async () => {
    project.write("journal.jsonl", project.read("journal.jsonl").replace("unverified", "somebody"));
    const { exit, stdout } = await check(journal.env, "--at", AT);
    const { violations } = JSON.parse(stdout) as Decision;
    assert.deepEqual(
      [exit, violations.map(({ id, message }) => [id, message])],
      [
        3,
        [
          [
            "journal-untrusted",
            `the journal \`${journal.address}\` cannot be trusted: event 1: its \`hash\` is not that of its fields; restore it from a copy that verifies`,
          ],
        ],
      ],
    );
  });

  it("when the journal can't be trusted, then the table says so too", async () => {
    rmSync(join(project.path, "journal.jsonl"));
    const { exit, stdout } = await elevate(["check", "alice.yaml", "--at", AT], {
      cwd: project.path,
      env: journal.env,
    });
    assert.deepEqual(
      [exit, stdout],
      [
        3,
        `request       person             role          environment  outcome  rule  from  until
alice-orders  alice@example.com  orders-admin  production   deny     -     -     -

alice-orders (alice.yaml) is denied:
  journal-untrusted: there is no journal at \`${journal.address}\`; correct \`ELEVATION_JOURNAL\`, or make one with \`elevate journal init\`
`,
      ],
    );
  });

  it("when --journal names a copy, then it is read, and must have the id that is set", async () => {
    await journal.journal.append([intentOf(aRequest())]);
    project.write("copy.jsonl", project.read("journal.jsonl"));
    chmodSync(join(project.path, "copy.jsonl"), 0o400);
    const id = { ELEVATION_JOURNAL_ID: "0".repeat(64) };
    const copy = ["--journal", "file:copy.jsonl", "--at", AT];
    const [believed, other] = await Promise.all([check({}, ...copy), check(id, ...copy)]);
    const { expiresAt } = JSON.parse(believed.stdout) as Decision;
    assert.deepEqual([believed.exit, expiresAt, believed.stderr], [0, "2026-11-24T10:41:00.000Z", ""]);
    assert.deepEqual(idsOf(other), [3, ["journal-untrusted"]]);
  });

  it("when --journal is no address, then the argument is bad", async () => {
    const path = join(project.path, "journal.jsonl");
    const [absolute, relative] = await Promise.all([
      check({}, "--journal", path),
      check({}, "--journal", "journal.jsonl"),
    ]);
    assert.deepEqual(
      [absolute, relative],
      [
        {
          exit: 2,
          stdout: "",
          stderr: `error: the journal's address \`${path}\` names no store; write \`file:${path}\`\n`,
        },
        {
          exit: 2,
          stdout: "",
          stderr: "error: the journal's address names no store; use `file:PATH` or `postgres://…`\n",
        },
      ],
    );
  });

  it("when --record is given, then each decision is journaled as it is printed", async () => {
    project.write(
      "bob.yaml",
      aRequest({ requester: "bob@example.com", requestedAt: "2026-11-01T00:00:00Z" }, "bob-orders"),
    );
    const { stdout } = await check(journal.env, "bob.yaml", "--record");
    const decisions = JSON.parse(stdout) as Decision[];
    const recorded = events().slice(1);
    assert.deepEqual(
      recorded.map(({ type, request, actor, at, data }) => [
        type,
        request,
        actor,
        at,
        (data as EventData["decided"]).decision,
      ]),
      decisions.map((decision) => [
        "decided",
        decision.requestDigest,
        { kind: "job", key: "unverified" },
        decision.decidedAt,
        decision,
      ]),
    );
    const requests = recorded.map(({ data }) => (data as EventData["decided"]).request.metadata.name);
    assert.deepEqual(requests, ["alice-orders", "bob-orders"]);
  });

  it("when nothing says to record, then nothing is written", async () => {
    const before = project.read("journal.jsonl");
    await check(journal.env);
    assert.equal(project.read("journal.jsonl"), before);
  });

  it("when --record can't be done, then it is refused before anything is judged", async () => {
    const before = project.read("journal.jsonl");
    const runs = await Promise.all([
      check(journal.env, "--record", "--at", AT),
      check(journal.env, "--record", "--journal", journal.address),
      check(journal.env, "--record", "--at", AT, "--journal", journal.address),
      check({}, "--record"),
    ]);
    assert.deepEqual(
      runs.map(({ exit, stdout, stderr }) => [exit, stdout, stderr]),
      [
        [2, "", refused("`--at`", "it")],
        [2, "", refused("`--journal`", "it")],
        [2, "", refused("`--at` and `--journal`", "them")],
        [2, "", "error: `--record` has no journal to write to; set `ELEVATION_JOURNAL` and `ELEVATION_JOURNAL_ID`\n"],
      ],
    );
    assert.equal(project.read("journal.jsonl"), before);
  });

  it("when the journal that is to record can't be trusted, then the decision is printed and the store has failed", async () => {
    rmSync(join(project.path, "journal.jsonl"));
    const run = await check(journal.env, "--record");
    assert.deepEqual(
      [idsOf(run), run.stderr],
      [
        [4, ["journal-untrusted"]],
        `error: nothing was journaled: there is no journal at \`${journal.address}\`; correct \`ELEVATION_JOURNAL\`, or make one with \`elevate journal init\`\n`,
      ],
    );
  });
}).timeout(TIMEOUT);

function idsOf({ exit, stdout }: Ran): [number | null, string[]] {
  return [exit, (JSON.parse(stdout) as Decision).violations.map(({ id }) => id)];
}

function refused(flags: string, them: string): string {
  return `error: \`--record\` is given with ${flags}, good only where nothing is changed; leave ${them} out: now is recorded, in the journal of \`ELEVATION_JOURNAL\`\n`;
}

function untrusted(message: string): Omit<Decision, "requestDigest" | "policyDigest" | "directoryDigest"> {
  return {
    outcome: "deny",
    rule: null,
    activatesAt: null,
    expiresAt: null,
    effectiveEnd: null,
    violations: [{ id: "journal-untrusted", rule: null, path: "", observed: null, limit: null, message }],
    approvals: { required: [], given: [], missing: [] },
    decidedAt: "2026-11-24T10:00:00.000Z",
  };
}
