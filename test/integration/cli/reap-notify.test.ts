// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { openStore } from "@elevation/journal";
import type { Notice } from "@elevation/reaper";
import { type Receiver, startReceiver } from "../../support/receiver";
import { aRequest, eventOf, intentOf } from "./documents";
import { aJournal, aProject, elevate, type Project, TIMEOUT } from "./elevate";

const SECRET = "sixteen characters and more";

describe("elevate reap --notify", () => {
  let project: Project;
  let journal: Awaited<ReturnType<typeof aJournal>>;
  let receiver: Receiver;

  beforeEach(async () => {
    project = aProject();
    journal = await aJournal(project);
    receiver = await startReceiver();
  });
  afterEach(async () => {
    await journal.journal.close();
    await receiver.close();
    project.remove();
  });

  const reap = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    elevate(["reap", ...args], { cwd: project.path, env: { ...journal.env, ...env } });
  const events = (stderr: string) =>
    stderr
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => (JSON.parse(line) as { notice: Notice }).notice);

  it("when what is to be told is wrongly set, then nothing is begun, and neither address nor secret is repeated", async () => {
    const refused = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const { exit, stdout, stderr } = await reap(args, env);
      assert.deepEqual([exit, stdout], [2, ""]);
      return stderr;
    };
    const hook = "https://hooks.example/s3cret";
    assert.equal(
      await refused(["--notify", "syslog"]),
      "error: `--notify` is not `log`, and as an address it is no URL; write one as in https://alerts.example/elevation\n",
    );
    assert.equal(
      await refused([], { ELEVATION_NOTIFY: "log http://hooks.example/s3cret" }),
      "error: `ELEVATION_NOTIFY` is not `log`, and as an address it is http: beyond this machine, where all could read it; write https:\n",
    );
    assert.equal(
      await refused(["--once", "--notify", hook]),
      "error: `--notify` names a webhook, whose notices are signed, and `ELEVATION_NOTIFY_SECRET` is not set; set it to 16 characters or more that the receiver knows too\n",
    );
    assert.equal(
      await refused(["--notify", hook], { ELEVATION_NOTIFY_SECRET: "s3cretPW" }),
      "error: `--notify` names a webhook, whose notices are signed, and `ELEVATION_NOTIFY_SECRET` has 8 characters; set it to 16 characters or more that the receiver knows too\n",
    );
  });

  it("when a pass finds a grant stuck for the third time, and the reaper silent, then it tells both, and says no more than status", async () => {
    const late = intentOf(aRequest(), { expiresAt: "2026-11-24T09:57:00.000Z" });
    const stuck = { type: "stuck", data: { cause: "expiry", reason: "away" } } as const;
    await journal.journal.append([late, eventOf(late.request, stuck), eventOf(late.request, stuck)]);
    const at = Date.now() - 90_000;
    await openStore(journal.address)
      .beats?.()
      .say({ by: "reaper", environments: null, at, every: 30_000, stopped: false });

    const notify = ["--once", "--every", "PT5M", "--notify", "log", "--notify", `${receiver.url}?s3cret`];
    const { exit, stderr } = await reap(notify, { ELEVATION_NOTIFY_SECRET: SECRET });
    assert.equal(exit, 4);
    const [alarm, silence, ...more] = events(stderr);
    assert.deepEqual(more, []);
    const { id, at: noticed, about, ...rest } = alarm ?? ({} as Notice);
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.ok(Date.parse(noticed) > at);
    assert.deepEqual(rest, { journal: journal.address, event: "alarm", key: `grant:${late.request}` });
    assert.deepEqual(
      { ...about, reason: null },
      {
        request: late.request,
        ...{ name: "alice-orders", requester: "alice@example.com", environment: "production" },
        target: {
          ...{ kind: "postgres", connection: "orders-production", role: "orders_admin" },
          ...{ identity: "alice", object: "elevation_alice" },
        },
        ...{ outcome: "stuck", cause: "expiry", expiresAt: "2026-11-24T09:57:00.000Z", reason: null },
        ...{ failures: 3, again: null },
      },
    );
    assert.deepEqual(
      [silence?.event, silence?.key, silence?.about["since"]],
      ["silence", "silence:reaper", new Date(at).toISOString()],
    );

    const bodies = receiver.received.map(({ body }) => body);
    assert.deepEqual(
      bodies.map((body) => JSON.parse(body)),
      [alarm, silence],
    );
    for (const { headers, body } of receiver.received)
      assert.equal(headers["elevation-signature"], `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`);
    assert.doesNotMatch(stderr + bodies.join(), /s3cret|sixteen/);

    const again = await reap(["--once"], { ELEVATION_NOTIFY: "log" });
    assert.deepEqual([again.exit, events(again.stderr)], [4, []]);
  });

  it("when the journal can't be trusted, then a pass tells that", async () => {
    const { exit, stderr } = await reap(["--once", "--notify", "log"], { ELEVATION_JOURNAL_ID: "0".repeat(64) });
    assert.equal(exit, 4);
    assert.deepEqual(
      events(stderr).map(({ event, key }) => [event, key]),
      [["journal-untrusted", "journal"]],
    );
  });
}).timeout(TIMEOUT);
