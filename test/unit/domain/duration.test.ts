// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { formatDuration, parseDuration, renderDuration } from "@elevation/domain";

const [SECOND, MINUTE, HOUR, DAY, WEEK] = [1000, 60_000, 3_600_000, 86_400_000, 604_800_000];

describe("durations", () => {
  it("when a part has several digits or a fraction, then it is read, with a point or a comma", () => {
    for (const [prefix, letter, unit] of [
      ["P", "W", WEEK],
      ["P", "D", DAY],
      ["PT", "H", HOUR],
      ["PT", "M", MINUTE],
      ["PT", "S", SECOND],
    ] as const) {
      for (const [number, factor] of [
        ["10", 10],
        ["1.25", 1.25],
        ["1,25", 1.25],
        ["12.125", 12.125],
        ["2.500000000", 2.5],
      ] as const) {
        assert.equal(parseDuration(`${prefix}${number}${letter}`), factor * unit, `${number}${letter}`);
      }
      for (const number of ["", ".5", "1.", "1x5", "1.x", "x", "1.5.5", "1.0000000001"]) {
        assert.equal(parseDuration(`${prefix}${number}${letter}`), null, `${number}${letter}`);
      }
    }
    assert.equal(parseDuration("P1W2DT3H4M5.678S"), WEEK + 2 * DAY + 3 * HOUR + 4 * MINUTE + 5678);
    assert.equal(parseDuration("PT1.5H1M"), null);
  });

  it("when it has 64 characters, then it is read; with one more it is not", () => {
    assert.equal(parseDuration(`P${"0".repeat(61)}1D`), DAY);
    assert.equal(parseDuration(`P${"0".repeat(62)}1D`), null);
  });

  it("when it is 100 years, then it is read; a millisecond more is not, and no part of one is", () => {
    assert.equal(parseDuration("P36500D"), 36_500 * DAY);
    assert.equal(parseDuration("P36500DT0.001S"), null);
    assert.equal(parseDuration("PT0.001S"), 1);
    assert.equal(parseDuration("PT0.0015S"), null);
  });

  it("when it is shown to people or written into documents, then in the fewest words, without what is zero", () => {
    for (const [milliseconds, shown, written] of [
      [0, "0 s", "PT0S"],
      [1, "1 ms", "PT0.001S"],
      [999, "999 ms", "PT0.999S"],
      [SECOND, "1 s", "PT1S"],
      [45 * SECOND, "45 s", "PT45S"],
      [1500, "1 s 500 ms", "PT1.5S"],
      [59_999, "59 s 999 ms", "PT59.999S"],
      [MINUTE, "1 min", "PT1M"],
      [HOUR + 30 * MINUTE, "1 h 30 min", "PT1H30M"],
      [23 * HOUR + 59 * MINUTE + 59 * SECOND, "23 h 59 min 59 s", "PT23H59M59S"],
      [DAY, "1 d", "P1D"],
      [WEEK, "7 d", "P7D"],
      [2 * DAY + 5 * SECOND, "2 d 5 s", "P2DT5S"],
      [DAY + HOUR, "1 d 1 h", "P1DT1H"],
    ] as const) {
      assert.deepEqual([renderDuration(milliseconds), formatDuration(milliseconds)], [shown, written]);
      assert.equal(parseDuration(written), milliseconds, written);
    }
  });
});
