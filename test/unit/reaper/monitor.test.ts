// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Digest } from "@elevation/domain";
import type { JournalView } from "@elevation/journal";
import type { Reaped, Started } from "@elevation/provider/lifecycle";
import { type Monitored, serveMonitor } from "@elevation/reaper";
import { afterEach, beforeEach, describe, it } from "mocha";

const NOON = Date.parse("2026-11-24T12:00:00Z");
const AGAIN = NOON + 1000;

describe("the reaper's monitor", () => {
  let now = NOON;
  let monitor: Monitored;

  beforeEach(async () => {
    now = NOON;
    monitor = await serveMonitor("127.0.0.1", 0, () => now);
  });
  afterEach(() => monitor.close());

  const get = async (path: string, method = "GET") => {
    const response = await fetch(`${monitor.url}${path}`, { method });
    return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
  };
  const health = async () => {
    const { status, text } = await get("/healthz");
    return [status, JSON.parse(text)];
  };
  const values = async () =>
    Object.fromEntries(
      (await get("/metrics")).text
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("#"))
        .map((line) => line.split(" ")),
    ) as Record<string, string>;
  const reaped = (digest: string, outcome: Reaped["outcome"], residue: string[] = []) =>
    ({
      digest: digest as Digest,
      name: "alice-orders",
      requester: "alice@example.com",
      outcome,
      residue,
    }) as unknown as Reaped;

  it("when nothing was read yet, then it is not well; then it is; and not when looks stay away or the journal can't be trusted", async () => {
    const failing = (problem: string) => [503, { status: "failing", problem }];
    assert.deepEqual(await health(), failing("the journal was not read yet"));
    monitor.note({ type: "looked", open: 0, next: null, scheduled: 0 }, NOON);
    now = NOON + 15_000;
    assert.deepEqual(await health(), [200, { status: "ok" }]);
    now = NOON + 15_001;
    assert.deepEqual(await health(), failing("the journal was not read for 15 s"));
    monitor.note({ type: "looked", open: 0, next: null, scheduled: 0 }, now);
    monitor.note({ type: "journal", reason: "there is no journal at `file:/secret`" }, now);
    assert.deepEqual(await health(), failing("the journal can't be trusted"));
    monitor.note({ type: "journal", reason: null }, now);
    assert.deepEqual(await health(), [200, { status: "ok" }]);
  });

  it("when grants end, fail and end at last, then the metrics add up, and name nobody", async () => {
    monitor.note({ type: "looked", open: 3, next: NOON, scheduled: 0 }, NOON);
    for (const digest of ["a", "b", "c"]) monitor.note({ type: "begun", digest: digest as Digest }, NOON);
    monitor.note({ type: "ended", grant: reaped("a", "expired", ["`alice` owns a table"]), lateMs: 70 }, NOON + 70);
    monitor.note({ type: "failed", grant: reaped("b", "stuck"), failures: 1, again: AGAIN }, NOON);
    monitor.note({ type: "failed", grant: reaped("c", "unrecorded"), failures: 1, again: AGAIN }, NOON);
    const seen = await values();
    const expected = {
      elevation_grants_open: "3",
      elevation_grants_due: "2",
      elevation_grants_stuck: "1",
      elevation_grants_unrecorded: "1",
      elevation_journal_trusted: "1",
      elevation_last_look_timestamp_seconds: String(NOON / 1000),
      'elevation_ends_total{outcome="expired"}': "1",
      'elevation_end_failures_total{outcome="stuck"}': "1",
      'elevation_end_failures_total{outcome="unrecorded"}': "1",
      elevation_residue_total: "1",
      'elevation_end_lateness_seconds_bucket{le="0.05"}': "0",
      'elevation_end_lateness_seconds_bucket{le="0.1"}': "1",
      elevation_end_lateness_seconds_count: "1",
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(seen[name], value, name);

    for (const digest of ["b", "c"]) monitor.note({ type: "begun", digest: digest as Digest }, AGAIN);
    assert.equal((await values())["elevation_grants_stuck"], "1");
    monitor.note({ type: "ended", grant: reaped("b", "revoked"), lateMs: null }, AGAIN);
    monitor.note({ type: "ended", grant: reaped("c", "expired"), lateMs: 900 }, AGAIN);
    monitor.note({ type: "journal", reason: "it is gone" }, AGAIN);
    monitor.note(
      { type: "read", view: { grants: [{ residue: ["a table"] }, { residue: [] }] } as unknown as JournalView },
      AGAIN,
    );
    for (const outcome of ["sent", "sent", "refused", "dropped"] as const) monitor.notice(outcome);
    const after = await values();
    assert.deepEqual(
      ["sent", "refused", "dropped"].map((outcome) => after[`elevation_notices_total{outcome="${outcome}"}`]),
      ["2", "1", "1"],
    );
    assert.equal(after["elevation_grants_with_residue"], "1");
    assert.deepEqual(
      ["due", "stuck", "unrecorded"].map((what) => after[`elevation_grants_${what}`]),
      ["0", "0", "0"],
    );
    assert.equal(after["elevation_journal_trusted"], "0");
    assert.equal(after['elevation_ends_total{outcome="expired"}'], "2");
    const { text, type } = await get("/metrics");
    assert.equal(type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert.match(text, /# EOF\n$/);
    assert.doesNotMatch(text, /alice/);
  });

  it("when scheduled grants start or don't, then the metrics add up", async () => {
    const start = (outcome: Started["outcome"]) => ({ outcome }) as Started;
    monitor.note({ type: "looked", open: 0, next: null, scheduled: 2 }, NOON);
    monitor.note({ type: "activated", start: start("activated"), lateMs: 70 }, NOON);
    for (const isNews of [true, false])
      monitor.note({ type: "unactivated", start: start("denied"), isNews, again: AGAIN }, NOON);
    monitor.note({ type: "unactivated", start: start("lapsed"), isNews: true, again: null }, NOON);
    const seen = await values();
    const expected = {
      elevation_grants_scheduled: "2",
      elevation_activations_total: "1",
      'elevation_activation_failures_total{outcome="denied"}': "2",
      'elevation_activation_failures_total{outcome="lapsed"}': "1",
      'elevation_activation_lateness_seconds_bucket{le="0.05"}': "0",
      'elevation_activation_lateness_seconds_bucket{le="0.1"}': "1",
      elevation_activation_lateness_seconds_count: "1",
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(seen[name], value, name);
  });

  it("when anything else is asked, then that is refused", async () => {
    assert.deepEqual(await get("/"), { status: 404, type: "text/plain", text: "there is /healthz and /metrics\n" });
    assert.deepEqual(await get("/healthz", "POST"), {
      status: 405,
      type: "text/plain",
      text: "only GET is answered here\n",
    });
  });
});
