// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { formatInstant, parseDuration, parseInstant } from "@elevation/domain";
import fc from "fast-check";
import { aPolicy, ask, at, edit, later, messages, outcome, POLICY, TEAM } from "./documents";

const HOURS = 'hours: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "08:00", to: "20:00", mode: hold }';
const EVERY_DAY = "mon, tue, wed, thu, fri, sat, sun";

interface Hours {
  readonly zone: string;
  readonly days?: string;
  readonly from: string;
  readonly to: string;
  readonly mode?: "activate" | "hold";
}

/** Whether dba-long is open at an instant, and its closing time as a request for eight hours sees it. */
function closing({ zone, days = EVERY_DAY, from, to, mode = "hold" }: Hours, now: string): string | null {
  const policy = edit(POLICY, [
    HOURS,
    `hours: { zone: ${zone}, days: [${days}], from: "${from}", to: "${to}", mode: ${mode} }`,
  ]);
  const decision = ask({ policy, now, spec: { duration: "PT8H", requestedAt: now } });
  if (decision.violations.some(({ id }) => id === "outside-hours")) return null;
  if (decision.outcome === "allow") return decision.expiresAt;
  // dba-short speaks where dba-long has as many faults: it is closed then.
  assert.equal(outcome(decision), "dba-short: duration-too-long");
  return null;
}

/** Opening and closing time, each found by looking at the millisecond before it. */
function assertWindow(hours: Hours, opens: string, closes: string): void {
  assert.equal(closing(hours, later(opens, -1)), null, "open before opening time");
  assert.notEqual(closing(hours, opens), null, "closed at opening time");
  assert.equal(closing(hours, later(closes, -1)), later(closes, 0), "closed before closing time");
  assert.equal(closing(hours, closes), null, "open at closing time");
}

describe("hours", () => {
  it("when it is an ordinary day, then they open and close to the millisecond", () => {
    const hours = { zone: "Europe/Berlin", from: "08:00", to: "09:30" };
    assertWindow(hours, "2026-11-24T07:00:00.000Z", "2026-11-24T08:30:00.000Z");
    assertWindow(hours, "2026-07-24T06:00:00.000Z", "2026-07-24T07:30:00.000Z");
  });

  it("when it is not one of the days, then they are closed", () => {
    const hours = { zone: "Europe/Berlin", days: "mon, fri", from: "08:00", to: "20:00" };
    assert.equal(closing(hours, "2026-11-24T10:00:00Z"), null);
    assert.equal(closing(hours, "2026-11-23T10:00:00Z"), "2026-11-23T18:00:00.000Z");
  });

  it("when a window runs past midnight, then it belongs to the day on which it began", () => {
    const hours = { zone: "Europe/Berlin", days: "fri", from: "22:00", to: "02:00" };
    assertWindow(hours, "2026-11-27T21:00:00.000Z", "2026-11-28T01:00:00.000Z");
    assert.equal(closing(hours, "2026-11-26T23:30:00Z"), null);
    assert.equal(closing(hours, "2026-11-28T22:30:00Z"), null);
  });

  it("when `to` equals `from`, then a window is a whole day", () => {
    const hours = { zone: "UTC", days: "tue", from: "08:00", to: "08:00" };
    assert.equal(closing(hours, "2026-11-24T07:59:59.999Z"), null);
    assert.equal(closing(hours, "2026-11-25T07:59:59.999Z"), "2026-11-25T08:00:00.000Z");
    assert.equal(closing(hours, "2026-11-25T08:00:00.000Z"), null);
  });

  it("when a day ends at 24:00 and the next begins at 00:00, then both are one window", () => {
    const hours = { zone: "Europe/Berlin", days: "mon, tue", from: "00:00", to: "24:00" };
    assert.equal(closing(hours, "2026-11-23T22:59:59.999Z"), "2026-11-24T06:59:59.999Z");
    assert.equal(closing(hours, "2026-11-24T22:00:00.000Z"), "2026-11-24T23:00:00.000Z");
    assert.equal(closing(hours, "2026-11-24T23:00:00.000Z"), null);
  });

  it("when windows overlap, then they are one", () => {
    const hours = { zone: "UTC", days: "mon, tue", from: "12:00", to: "12:00" };
    assert.equal(closing(hours, "2026-11-24T11:00:00Z"), "2026-11-24T19:00:00.000Z");
  });

  it("when it starts later, then they are judged at its start, whatever they are now", () => {
    const [early, open, late] = ["2026-11-24T06:00:00.000Z", "2026-11-24T10:00:00.000Z", "2026-11-24T20:00:00.000Z"];
    const long = (now: string, startAt: string) =>
      outcome(ask({ now, spec: { startAt, requestedAt: now, duration: "PT2H" } }));
    assert.equal(long(early, open), "dba-long until 2026-11-24T12:00:00.000Z");
    assert.equal(long(open, late), "dba-short: duration-too-long");
  });

  it("when they are closed at its start, then it says what clocks show there", () => {
    const hours = { zone: "Europe/Berlin", days: ["tue"], from: "09:00", to: "18:00", mode: "activate" };
    const spec = { startAt: "2026-11-24T17:00:00Z" };
    const decision = ask({ now: "2026-11-24T10:00:00Z", policy: aPolicy({ hours }), directory: TEAM, spec });
    assert.deepEqual(messages(decision), [
      "outside-hours: `alice-orders` would start at 2026-11-24T17:00:00.000Z (Tue 18:00 Europe/Berlin), rule `dba` allows tue 09:00 to 18:00 Europe/Berlin; set `startAt` to 2026-12-01T08:00:00.000Z (Tue 09:00 Europe/Berlin) or later",
    ]);
  });

  it("when the mode is activate, then closing time cuts nothing", () => {
    const hours = { zone: "UTC", from: "08:00", to: "20:00", mode: "activate" } as const;
    assert.equal(closing(hours, "2026-11-24T19:59:59.999Z"), "2026-11-25T03:59:59.999Z");
  });

  it("when clocks go forward, then a time they skip is read with the offset before", () => {
    // Berlin skips 02:00 to 03:00 at 01:00Z; 02:30 with the offset before (+01:00) is 01:30Z.
    assertWindow(
      { zone: "Europe/Berlin", from: "02:30", to: "05:00" },
      "2026-03-29T01:30:00.000Z",
      "2026-03-29T03:00:00.000Z",
    );
    assertWindow(
      { zone: "Europe/Berlin", from: "01:00", to: "02:30" },
      "2026-03-29T00:00:00.000Z",
      "2026-03-29T01:30:00.000Z",
    );
    assertWindow(
      { zone: "America/New_York", from: "02:15", to: "04:00" },
      "2026-03-08T07:15:00.000Z",
      "2026-03-08T08:00:00.000Z",
    );
    // Lord Howe skips 02:00 to 02:30 at 15:30Z; 02:10 with the offset before (+10:30) is 15:40Z.
    assertWindow(
      { zone: "Australia/Lord_Howe", from: "02:10", to: "04:00" },
      "2026-10-03T15:40:00.000Z",
      "2026-10-03T17:00:00.000Z",
    );
  });

  it("when clocks skip a whole window backwards, then that day has none", () => {
    const hours = { zone: "Europe/Berlin", from: "02:30", to: "03:00" };
    // 02:30 would be 01:30Z, after 03:00, which is 01:00Z.
    for (const now of [
      "2026-03-29T00:59:59.999Z",
      "2026-03-29T01:00:00Z",
      "2026-03-29T01:15:00Z",
      "2026-03-29T01:30:00Z",
    ]) {
      assert.equal(closing(hours, now), null);
    }
    assertWindow(hours, "2026-03-30T00:30:00.000Z", "2026-03-30T01:00:00.000Z");
  });

  it("when clocks go back, then a time they show twice is the first", () => {
    // Berlin shows 02:00 to 03:00 twice: from 00:00Z and from 01:00Z.
    assertWindow(
      { zone: "Europe/Berlin", from: "02:30", to: "04:00" },
      "2026-10-25T00:30:00.000Z",
      "2026-10-25T03:00:00.000Z",
    );
    assertWindow(
      { zone: "Europe/Berlin", from: "01:00", to: "02:30" },
      "2026-10-24T23:00:00.000Z",
      "2026-10-25T00:30:00.000Z",
    );
    assertWindow(
      { zone: "America/New_York", from: "01:30", to: "03:00" },
      "2026-11-01T05:30:00.000Z",
      "2026-11-01T08:00:00.000Z",
    );
    assertWindow(
      { zone: "Australia/Lord_Howe", from: "01:45", to: "03:00" },
      "2026-04-04T14:45:00.000Z",
      "2026-04-04T16:30:00.000Z",
    );
  });

  it("when midnight itself is skipped, then days still touch", () => {
    // Beirut goes from 00:00 to 01:00 at 2026-03-28T22:00Z.
    const hours = { zone: "Asia/Beirut", days: "sat, sun", from: "00:00", to: "24:00" };
    assert.equal(closing(hours, "2026-03-28T21:00:00Z"), "2026-03-29T05:00:00.000Z");
    assert.equal(closing(hours, "2026-03-29T20:59:59.999Z"), "2026-03-29T21:00:00.000Z");
  });

  it("when it is a leap day, then it is a day like any other", () => {
    const hours = { zone: "Europe/Berlin", days: "tue", from: "23:00", to: "01:00" };
    assertWindow(hours, "2028-02-29T22:00:00.000Z", "2028-03-01T00:00:00.000Z");
  });
});

describe("instants", () => {
  it("when they are ISO 8601 with an offset, in the extended or the basic format, then they are read", () => {
    for (const text of [
      "2026-11-24T09:00:00Z",
      "2026-11-24T09:00Z",
      "2026-11-24T09Z",
      "2026-11-24T10:00:00+01:00",
      "2026-11-24T10:00:00+01",
      "2026-11-24T10:00:00.000+0100",
      "2026-11-24T03:30:00,000-05:30",
      "20261124T090000Z",
      "20261124T0900Z",
      "20261124T10+01",
      "20261124T100000.0+0100",
      "20261123T220000-11",
    ]) {
      assert.equal(parseInstant(text), Date.UTC(2026, 10, 24, 9), text);
    }
  });

  it("when they are written as we write them, then they are read back, and only where there is such a day and time", () => {
    const [first, last] = [Date.parse("0000-01-01T00:00:00.000Z"), Date.parse("9999-12-31T23:59:59.999Z")];
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), (instant) => parseInstant(formatInstant(instant)) === instant),
    );
    for (const text of ["2026-02-29T09:00:00.000Z", "2026-11-24T09:60:00.000Z", "2026-13-01T09:00:00.000Z"]) {
      assert.equal(parseInstant(text), null, text);
    }
    assert.equal(parseInstant("2026-11-24T24:00:00.000Z"), Date.UTC(2026, 10, 25));
    assert.equal(parseInstant("2026-11-24T24:00:00Z"), Date.UTC(2026, 10, 25));
  });

  it("when they have no offset, mix the formats or are no ISO 8601, then they are refused", () => {
    for (const text of [
      "2026-11-24T09:00:00",
      "20261124T090000",
      "2026-11-24",
      "20261124",
      "2026-11-24T090000Z",
      "20261124T09:00:00Z",
      "2026-11-24 09:00:00Z",
      "2026-11-24T09:00:00+1",
      "2026-11-24T09:00:00+01:60",
      "2026-11-24T09:00:00+24",
      "2026-W48-2T09:00:00Z",
      "20260229T090000Z",
      "2026-11-24T09:00:00z",
      "1795510800",
      "2026-11-24T09:00:00Z[UTC]",
    ]) {
      assert.equal(parseInstant(text), null, text);
    }
  });
});

describe("durations", () => {
  it("when they have a fixed length, then they are read to the millisecond", () => {
    const good = {
      PT30M: 1_800_000,
      P1W: 604_800_000,
      P1DT1H: 90_000_000,
      "PT1.5H": 5_400_000,
      "PT0,25S": 250,
      "P0.5D": 43_200_000,
      "P1,5W": 907_200_000,
      "P1DT0.5H": 88_200_000,
      PT0S: 0,
      P36500D: 3_153_600_000_000,
    };
    for (const [text, milliseconds] of Object.entries(good)) assert.equal(parseDuration(text), milliseconds, text);
  });

  it("when they have none or are out of form, then they are refused", () => {
    for (const text of [
      "",
      "P",
      "PT",
      "P1DT",
      "P1M",
      "P1Y",
      "-PT1H",
      "+PT1H",
      "PT1.5H30M",
      "PT0.0001S",
      "pt1h",
      "1h",
      "PT1H ",
      "P0.5DT1H",
      "P1.5W1D",
      "P.5D",
      "PT1M1H",
      "P36501D",
      `PT${"9".repeat(80)}S`,
    ]) {
      assert.equal(parseDuration(text), null, text);
    }
  });

  it("when clocks change, then a day is still 24 hours", () => {
    assert.equal((parseDuration("P1D") ?? 0) + at("2026-03-28T12:00:00Z"), at("2026-03-29T12:00:00Z"));
  });
});
