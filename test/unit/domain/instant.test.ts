// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { formatInstant, parseInstant } from "@elevation/domain";
import fc from "fast-check";

describe("parseInstant", () => {
  it("when a text is as long as those that are written, and no instant, then it is none", () => {
    for (const text of [
      "2026-13-24T10:00:00.000Z",
      "2026-02-29T10:00:00.000Z",
      "2026-02-29T10:00:00Z",
      "2026-11-24T24:00:01Z",
      "2026-11-24T10:00:00.000z",
      "2026-11-24T10:00:00z",
      "2026-11-24 10:00:00.000Z",
      "an instant of 24 letters",
      "an instant, as it is",
      "+012026-11-24T10:00:00.000Z",
      "+012026-11-24T10:00:00Z",
      "-000001-11-24T10:00:00.000Z",
    ]) {
      assert.equal(parseInstant(text), null, text);
    }
  });

  it("when it is written in another way than we do, then it is the same instant; what is finer than a millisecond is cut off", () => {
    const instant = Date.UTC(2026, 10, 24, 10, 0, 0, 120);
    for (const text of [
      "2026-11-24T10:00:00.120Z",
      "2026-11-24T10:00:00.12Z",
      "2026-11-24T11:00:00,1209+01:00",
      "20261124T100000.120Z",
      "2026-11-24T02:00:00.120999999-08",
      "20261124T153000.120+0530",
    ]) {
      assert.equal(parseInstant(text), instant, text);
    }
    for (const text of [
      "2026-11-24T10Z",
      "2026-11-24T10:00Z",
      "2026-11-24T10:00:00Z",
      "20261124T10Z",
      "2026-11-23T24:00:00-10",
    ]) {
      assert.equal(parseInstant(text), instant - 120, text);
    }
  });
});

describe("formatInstant", () => {
  it("when an instant is written, then it is as Date writes it, whatever was written before", () => {
    const latest = 8_640_000_000_000_000;
    fc.assert(
      fc.property(fc.integer({ min: -latest, max: latest }), fc.constantFrom(-1, 0, 1), (instant, by) => {
        const near = Math.max(-latest, Math.min(latest, instant + by));
        assert.equal(formatInstant(instant), new Date(instant).toISOString());
        assert.equal(formatInstant(near), new Date(near).toISOString());
      }),
      {
        examples: [
          [0, -1],
          [latest, 1],
          [-latest, -1],
          [-62_135_596_800_000, -1],
          [253_402_300_800_000, -1],
        ],
      },
    );
  });

  it("when it is no whole millisecond, then it is cut off; when no date can say it, then it throws", () => {
    assert.equal(formatInstant(1.5), "1970-01-01T00:00:00.001Z");
    assert.throws(() => formatInstant(Number.NaN), new RangeError("Invalid time value"));
    assert.throws(() => formatInstant(8_640_000_000_000_001), new RangeError("Invalid time value"));
  });
});
