// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import type { StatusReport } from "@elevation/cli";
import { type EventData, readJudge, readRequest } from "@elevation/domain";
import { type Beat, judge, openStore } from "@elevation/journal";
import { aKey, orderEvent, signedOrder } from "../../support/signing";
import { AT, aRequest, DIRECTORY, eventOf, intentOf, POLICY } from "./documents";
import { aJournal, aProject, elevate, type Project, TIMEOUT } from "./elevate";

/** The stuck grant of the story below. */
const STUCK = (request: string | null) => ({
  request,
  name: "bob-stuck",
  requester: "bob@example.com",
  role: "orders-admin",
  environment: "production",
  stack: "organization/example/production",
  cause: "withdrawn",
  expiresAt: "2026-11-24T10:41:00.000Z",
  since: "2026-11-24T09:57:00.000Z",
  triedAt: "2026-11-24T09:58:30.000Z",
  tries: 2,
  reason: "connection refused",
  nextTryBy: null,
  access: "`bob` may still have role `orders_admin` at `orders-production`, by `elevation_bob`",
  target: {
    kind: "postgres",
    connection: "orders-production",
    role: "orders_admin",
    identity: "bob",
    object: "elevation_bob",
  },
});

describe("elevate status", () => {
  let project: Project;
  let journal: Awaited<ReturnType<typeof aJournal>>;

  beforeEach(async () => {
    project = aProject();
    journal = await aJournal(project);
  });
  afterEach(async () => {
    await journal.journal.close();
    project.remove();
  });

  const status = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    elevate(["status", ...args], { cwd: project.path, env });

  const say = (beat: Partial<Beat>) =>
    openStore(journal.address)
      .beats?.()
      .say({ by: "reaper", environments: null, at: Date.parse(AT), every: 30_000, stopped: false, ...beat });

  /** One grant of each kind: active, overdue, stuck, half-made, revoking, ended with residue, failed with an orphan. */
  async function aStory() {
    const active = intentOf(aRequest());
    const late = intentOf(aRequest({}, "alice-late"), { expiresAt: "2026-11-24T09:59:00.000Z" });
    const stuck = intentOf(aRequest({ requester: "bob@example.com" }, "bob-stuck"));
    const half = intentOf(aRequest({ environment: "staging" }, "alice-half"));
    const revoking = intentOf(aRequest({}, "alice-revoking"), { expiresAt: "2026-11-24T11:00:00.000Z" });
    const ended = intentOf(aRequest({}, "alice-ended"));
    const failed = intentOf(aRequest({}, "alice-failed"));
    const activated = { type: "activated", data: { adopted: false } } as const;
    const place = ended.data.place;
    await journal.journal.append([active, late, stuck, half, revoking, ended, failed]);
    await journal.journal.append([
      ...[active, late, stuck, revoking, ended].map(({ request }) => eventOf(request, activated)),
      eventOf(
        stuck.request,
        { type: "stuck", data: { cause: "withdrawn", reason: "role is in use" } },
        "2026-11-24T09:57:00Z",
      ),
      eventOf(
        stuck.request,
        { type: "stuck", data: { cause: "expiry", reason: "connection refused" } },
        "2026-11-24T09:58:30Z",
      ),
      eventOf(revoking.request, { type: "revoking", data: { cause: "withdrawn" } }),
      eventOf(failed.request, { type: "orphan", data: { place, differences: ["made by `mallory`"] } }),
      eventOf(failed.request, { type: "failed", data: { reason: "`elevation_alice` is not ours" } }),
    ]);
    const data = { cause: "withdrawn", endedAt: "2026-11-24T09:58:00.000Z", sessionsEnded: 1 } as const;
    const residue = ["`alice` is a member of `orders_admin` by hand"];
    await journal.journal.append([
      eventOf(ended.request, { type: "revoked", data }),
      eventOf(ended.request, { type: "residue", data: { place, residue } }),
    ]);
    return { active, late, stuck, half, revoking, ended, failed };
  }

  it("when nothing is live, then that is said", async () => {
    assert.deepEqual(await status(journal.env, "--at", AT), {
      exit: 0,
      stdout: "no grant is live at 2026-11-24T10:00:00Z\n",
      stderr: "",
    });
  });

  it("when something must end and hasn't, then that stands first; the exit code stays 0", async () => {
    await aStory();
    assert.deepEqual(await status(journal.env, "--at", AT), {
      exit: 0,
      stdout: `SILENT: nobody ever said that grants in \`production\` are being ended, and 4 grants are live there; start \`elevate reap\`, or give \`--every\` to what a scheduler runs
SILENT: nobody ever said that grants in \`staging\` are being ended, and 1 grant is live there; start \`elevate reap\`, or give \`--every\` to what a scheduler runs
OVERDUE: alice-late (alice@example.com) should have ended 1 min ago; run \`pulumi refresh\` on organization/example/production
STUCK: bob-stuck (bob@example.com) must end and the target refuses, 2 times since 2026-11-24T09:57:00Z: connection refused

grant           person             role          environment  stack                            status      from                  until                 left
alice-late      alice@example.com  orders-admin  production   organization/example/production  overdue     2026-11-24T09:56:00Z  2026-11-24T09:59:00Z  1 min over
alice-orders    alice@example.com  orders-admin  production   organization/example/production  active      2026-11-24T09:56:00Z  2026-11-24T10:41:00Z  41 min
bob-stuck       bob@example.com    orders-admin  production   organization/example/production  stuck       2026-11-24T09:56:00Z  2026-11-24T10:41:00Z  41 min
alice-half      alice@example.com  orders-admin  staging      organization/example/staging     activating  2026-11-24T09:56:00Z  2026-11-24T10:41:00Z  41 min
alice-revoking  alice@example.com  orders-admin  production   organization/example/production  revoking    2026-11-24T09:56:00Z  2026-11-24T11:00:00Z  1 h

residue
  alice-ended (alice@example.com): \`alice\` is a member of \`orders_admin\` by hand

orphans
  \`elevation_alice\` at \`orders-production\`, seen 2026-11-24T10:00:00Z: made by \`mallory\`
`,
      stderr: "",
    });
  });

  it("when --json is given, then every field that is promised is there", async () => {
    const { late, stuck, half, ended, failed } = await aStory();
    const { exit, stdout, stderr } = await status(journal.env, "--at", AT, "--json");
    assert.deepEqual([exit, stderr], [0, ""]);
    const { live, ...rest } = JSON.parse(stdout) as StatusReport;
    const head = (await journal.journal.view()).head;
    assert.deepEqual(rest, {
      journal: journal.address,
      id: journal.id,
      head: { seq: head.seq, hash: head.hash },
      at: "2026-11-24T10:00:00.000Z",
      scheduled: [],
      stuck: [STUCK(stuck.request)],
      residue: [
        {
          request: ended.request,
          name: "alice-ended",
          requester: "alice@example.com",
          role: "orders-admin",
          environment: "production",
          stack: "organization/example/production",
          grant: "ended",
          residue: ["`alice` is a member of `orders_admin` by hand"],
        },
      ],
      orphans: [
        {
          at: "2026-11-24T10:00:00.000Z",
          request: failed.request,
          kind: "postgres",
          connection: "orders-production",
          server: "7300000000000000001",
          object: "elevation_alice",
          differences: ["made by `mallory`"],
        },
      ],
      watch: {
        watchers: [],
        silent: [
          { environment: "production", live: 4, since: null },
          { environment: "staging", live: 1, since: null },
        ],
        problem: null,
      },
      locks: [],
    });
    assert.deepEqual(live[0], {
      request: late.request,
      name: "alice-late",
      requester: "alice@example.com",
      role: "orders-admin",
      environment: "production",
      stack: "organization/example/production",
      rule: "dba-orders-short",
      status: "active",
      activated: true,
      activatedAt: "2026-11-24T09:56:00.000Z",
      expiresAt: "2026-11-24T09:59:00.000Z",
      remainingSeconds: -60,
      overdue: true,
      marks: [],
      reason: null,
      alreadyHeld: [],
      target: {
        kind: "postgres",
        connection: "orders-production",
        role: "orders_admin",
        identity: "alice",
        object: "elevation_alice",
      },
    });
    const found = new Map(live.map((grant) => [grant.request, grant]));
    const { status: word, activated, marks, reason } = found.get(stuck.request ?? "") ?? {};
    assert.deepEqual([word, activated, marks, reason], ["stuck", true, ["stuck"], "connection refused"]);
    assert.equal(found.get(half.request ?? "")?.activated, false);
  });

  it("when --stuck is given and nothing is stuck, then that is said, with exit 0", async () => {
    await journal.journal.append([intentOf(aRequest())]);
    assert.deepEqual(await status(journal.env, "--stuck", "--at", AT), {
      exit: 0,
      stdout: "no grant is stuck at 2026-11-24T10:00:00Z\n",
      stderr: "",
    });
  });

  it("when --stuck is given, then each stuck grant is told with all that its end needs, and the exit code is 4", async () => {
    const { stuck, half } = await aStory();
    const second = { type: "stuck", data: { cause: "expiry", reason: "server\u001b[2J is away" } } as const;
    await journal.journal.append([eventOf(half.request, second, "2026-11-24T09:59:00Z")]);
    await say({ environments: ["production"], at: Date.parse("2026-11-24T09:59:50Z") });
    assert.deepEqual(await status(journal.env, "--stuck", "--at", AT), {
      exit: 4,
      stdout: `STUCK: 2 grants must end and their targets refuse

bob-stuck (bob@example.com)
  must end   withdrawn, expires 2026-11-24T10:41:00Z
  tried      2 times since 2026-11-24T09:57:00Z, last at 2026-11-24T09:58:30Z
  refused    connection refused
  next try   by 2026-11-24T10:01:00Z
  may stand  \`bob\` may still have role \`orders_admin\` at \`orders-production\`, by \`elevation_bob\`
  stack      organization/example/production, environment production
  request    ${stuck.request}

alice-half (alice@example.com)
  must end   expiry, expires 2026-11-24T10:41:00Z
  tried      once since 2026-11-24T09:59:00Z, last at 2026-11-24T09:59:00Z
  refused    server\\u{1b}[2J is away
  next try   not known: nobody is heard of who ends grants there
  may stand  \`alice\` may have role \`orders_admin\` at \`orders-staging\`, by \`elevation_alice\`
  stack      organization/example/staging, environment staging
  request    ${half.request}
`,
      stderr: "",
    });
  });

  it("when --stuck and --json are given, then that alone is printed, and a grant that ended at last is stuck no more", async () => {
    const { stuck } = await aStory();
    const report = async () => {
      const { exit, stdout } = await status(journal.env, "--stuck", "--json", "--at", AT);
      const { head: _, ...rest } = JSON.parse(stdout) as StatusReport;
      return { exit, rest };
    };
    const about = { journal: journal.address, id: journal.id, at: "2026-11-24T10:00:00.000Z" };
    assert.deepEqual(await report(), { exit: 4, rest: { ...about, stuck: [STUCK(stuck.request)] } });
    const data = { cause: "expiry", endedAt: "2026-11-24T10:41:00.000Z", sessionsEnded: 0 } as const;
    await journal.journal.append([eventOf(stuck.request, { type: "expired", data })]);
    assert.deepEqual(await report(), { exit: 0, rest: { ...about, stuck: [] } });
  });

  it("when two intervals have passed since anybody was heard, then that stands first, and not a millisecond before", async () => {
    await journal.journal.append([intentOf(aRequest())]);
    await say({});
    await say({ by: "schedule", environments: ["staging"], every: 300_000, stopped: true });
    const first = async (at: string) => (await status(journal.env, "--at", at)).stdout.split("\n")[0];
    assert.match((await first("2026-11-24T10:00:59.999Z")) ?? "", /^grant +person/);
    assert.equal(
      await first("2026-11-24T10:01:00Z"),
      "SILENT: nobody who ends grants in `production` was heard of since 2026-11-24T10:00:00.000Z, and 1 grant is live there; see why `elevate reap`, or the schedule, reports no more",
    );
    const { exit, stdout } = await status(journal.env, "--at", "2026-11-24T10:01:00Z", "--json");
    assert.equal(exit, 0);
    const at = "2026-11-24T10:00:00.000Z";
    assert.deepEqual((JSON.parse(stdout) as StatusReport).watch, {
      watchers: [
        { by: "reaper", environments: null, at, everySeconds: 30, silent: true, stopped: false },
        { by: "schedule", environments: ["staging"], at, everySeconds: 300, silent: false, stopped: true },
      ],
      silent: [{ environment: "production", live: 1, since: at }],
      problem: null,
    });
  });

  it("when it can't be read whether anybody is there, then that is said, and the rest all the same", async () => {
    project.write("journal.jsonl.alive", "");
    const { exit, stdout } = await status(journal.env, "--at", AT);
    const folder = join(project.path, "journal.jsonl.alive");
    assert.deepEqual(
      [exit, stdout],
      [
        0,
        `SILENT: it is not known whether anybody ends grants: whether grants are watched over can't be read in \`${folder}\` (ENOTDIR); check the folder and the rights on it\n\nno grant is live at 2026-11-24T10:00:00Z\n`,
      ],
    );
  });

  it("when something is stuck, then a reaper tries again within a minute, and a schedule with its next run", async () => {
    const stuck = intentOf(aRequest());
    const event = { type: "stuck", data: { cause: "expiry", reason: "away" } } as const;
    await journal.journal.append([stuck, eventOf(stuck.request, event, "2026-11-24T10:00:00Z")]);
    const nextTryBy = async (at: string) =>
      (JSON.parse((await status(journal.env, "--at", at, "--json")).stdout) as StatusReport).stuck[0]?.nextTryBy;
    assert.equal(await nextTryBy(AT), null);
    await say({ by: "schedule", every: 300_000, at: Date.parse("2026-11-24T09:59:00Z") });
    assert.equal(await nextTryBy(AT), "2026-11-24T10:04:00.000Z");
    await say({ environments: ["staging"] });
    assert.equal(await nextTryBy(AT), "2026-11-24T10:04:00.000Z");
    await say({});
    assert.equal(await nextTryBy("2026-11-24T10:00:20Z"), "2026-11-24T10:01:00.000Z");
    await say({ at: Date.parse("2026-11-24T10:03:00Z") });
    assert.equal(await nextTryBy("2026-11-24T10:03:10Z"), "2026-11-24T10:04:00.000Z");
  });

  it("when it is exactly its expiry, then a live grant is overdue, and a millisecond before it isn't", async () => {
    await journal.journal.append([intentOf(aRequest())]);
    const overdue = async (at: string) =>
      (JSON.parse((await status(journal.env, "--at", at, "--json")).stdout) as StatusReport).live[0]?.overdue;
    assert.deepEqual([await overdue("2026-11-24T10:40:59.999Z"), await overdue("2026-11-24T10:41:00Z")], [false, true]);
  });

  it("when an orphan's request is activated later, then it is none any more", async () => {
    const intent = intentOf(aRequest());
    const orphan = { type: "orphan", data: { place: intent.data.place, differences: ["no note"] } } as const;
    await journal.journal.append([intent, eventOf(intent.request, orphan), eventOf(null, orphan)]);
    await journal.journal.append([eventOf(intent.request, { type: "activated", data: { adopted: false } })]);
    const { orphans } = JSON.parse((await status(journal.env, "--json")).stdout) as StatusReport;
    assert.deepEqual(
      orphans.map(({ request }) => request),
      [null],
    );
  });

  /** What an `up` leaves scheduled. */
  function scheduledAs(text: string) {
    const { value: request, digest } = readRequest({ file: "request.yaml", text });
    const documents = readJudge({ file: "policy", text: POLICY }, { file: "directory", text: DIRECTORY });
    const decision = judge(documents, request, { stack: null, now: Date.parse(AT), view: null });
    const { environment: stack } = request.spec;
    const scheduled = { organization: "organization", project: "example", stack, origin: "request.yaml" };
    return { digest, event: eventOf(digest, { type: "decided", data: { decision, request, scheduled } }) };
  }

  describe("of what waits for its start", () => {
    const staging = scheduledAs(
      aRequest({ environment: "staging", startAt: "2026-11-25T09:30:00Z" }, "alice-tomorrow"),
    );
    const noon = scheduledAs(aRequest({ startAt: "2026-11-24T12:00:00Z" }, "alice-noon"));
    const late = scheduledAs(aRequest({ startAt: "2026-11-24T09:59:30Z" }, "alice-late"));
    const begun = scheduledAs(aRequest({ startAt: "2026-11-24T09:56:00Z" }, "alice-begun"));
    const over = scheduledAs(aRequest({ startAt: "2026-11-24T11:00:00Z" }, "alice-withdrawn"));
    const reason = "connection\u001b[2J refused";

    beforeEach(async () => {
      const events = [staging, noon, late, begun, over].map(({ event }) => event);
      const intent = intentOf(aRequest({ startAt: "2026-11-24T09:56:00Z" }, "alice-begun"));
      const failed = (digest: typeof noon.digest, data: EventData["failed"]) =>
        eventOf(digest, { type: "failed", data });
      await journal.journal.append([...events, intent]);
      await journal.journal.append([failed(late.digest, { reason })]);
      await journal.journal.append([failed(over.digest, { reason: "withdrawn", unscheduled: true })]);
      await say({});
    });

    it("when something waits, then it is told with its start, the first at the top, and why one is late; what is being activated is live", async () => {
      assert.deepEqual(await status(journal.env, "--at", AT), {
        exit: 0,
        stdout: `grant        person             role          environment  stack                            status      from                  until                 left
alice-begun  alice@example.com  orders-admin  production   organization/example/production  activating  2026-11-24T09:56:00Z  2026-11-24T10:41:00Z  41 min

scheduled
  alice-late (alice@example.com): \`orders-admin\` in \`production\` should have started at 2026-11-24T09:59:30Z, 30 s ago: connection\\u{1b}[2J refused
  alice-noon (alice@example.com): \`orders-admin\` in \`production\` starts at 2026-11-24T12:00:00Z, in 2 h
  alice-tomorrow (alice@example.com): \`orders-admin\` in \`staging\` starts at 2026-11-25T09:30:00Z, in 23 h 30 min
`,
        stderr: "",
      });
    });

    it("when it is asked for a program, then every field that is promised is there", async () => {
      const { exit, stdout, stderr } = await status(journal.env, "--at", AT, "--json");
      assert.deepEqual([exit, stderr], [0, ""]);
      const person = { requester: "alice@example.com", role: "orders-admin" };
      const production = { environment: "production", stack: "organization/example/production" };
      assert.deepEqual((JSON.parse(stdout) as StatusReport).scheduled, [
        {
          ...{ request: late.digest, name: "alice-late", ...person, ...production },
          ...{ startAt: "2026-11-24T09:59:30.000Z", startsInSeconds: -30, reason },
        },
        {
          ...{ request: noon.digest, name: "alice-noon", ...person, ...production },
          ...{ startAt: "2026-11-24T12:00:00.000Z", startsInSeconds: 7200, reason: null },
        },
        {
          ...{ request: staging.digest, name: "alice-tomorrow", ...person },
          ...{ environment: "staging", stack: "organization/example/staging" },
          ...{ startAt: "2026-11-25T09:30:00.000Z", startsInSeconds: 84_600, reason: null },
        },
      ]);
    });
  });

  it("when something is locked, then that is told until the lock ends", async () => {
    const common = { order: "lock", by: "ann@example.com", at: AT, reason: "Under attack" } as const;
    const lock = (id: string, scope: object, until: string) =>
      orderEvent(signedOrder(aKey(), { ...common, id, lock: { ...scope, until } }));
    await journal.journal.append([
      lock("1", { role: "orders-admin" }, "2026-11-24T10:30:00Z"),
      lock("2", { "*": true }, "2026-11-24T11:00:00Z"),
    ]);
    const at = (instant: string, ...more: string[]) => status(journal.env, "--at", instant, ...more);
    assert.equal(
      (await at("2026-11-24T10:29:59Z")).stdout,
      `no grant is live at 2026-11-24T10:29:59Z

locks
  role \`orders-admin\` until 2026-11-24T10:30:00Z, by ann@example.com: Under attack
  everything until 2026-11-24T11:00:00Z, by ann@example.com: Under attack
`,
    );
    const { locks } = JSON.parse((await at("2026-11-24T10:30:00Z", "--json")).stdout) as StatusReport;
    const until = "2026-11-24T11:00:00.000Z";
    assert.deepEqual(locks, [{ lock: { "*": true }, until, reason: "Under attack", by: "ann@example.com" }]);
  });

  it("when the journal can't be read, then stderr says why", async () => {
    symlinkSync("loop.jsonl", join(project.path, "loop.jsonl"));
    const other = "0".repeat(64);
    const address = (name: string) => `file:${join(project.path, name)}`;
    const absent = `error: there is no journal at \`${address("gone")}\`; correct \`ELEVATION_JOURNAL\`, or make one with \`elevate journal init\`\n`;
    const runs = await Promise.all([
      status({}),
      status({}, "--journal", "file:gone"),
      status({ ...journal.env, ELEVATION_JOURNAL: address("gone") }),
      status({}, "--journal", "file:loop.jsonl"),
      status({ ...journal.env, ELEVATION_JOURNAL_ID: other }),
    ]);
    assert.deepEqual(
      runs.map(({ exit, stdout, stderr }) => [exit, stdout, stderr]),
      [
        [
          2,
          "",
          "error: no journal is given; set `ELEVATION_JOURNAL` or give `--journal`, as in file:/var/lib/elevation/journal.jsonl\n",
        ],
        [4, "", absent],
        [4, "", absent],
        [
          4,
          "",
          `error: the journal \`${address("loop.jsonl")}\` cannot be read (ELOOP); check the disk and its folder\n`,
        ],
        [
          4,
          "",
          `error: the journal \`${journal.address}\` cannot be trusted: its id is ${journal.id}, the one to be trusted is ${other}; correct \`ELEVATION_JOURNAL\`, or bring the right journal back\n`,
        ],
      ],
    );
  });
}).timeout(TIMEOUT);
