// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { formatInstant } from "@elevation/domain";
import fc from "fast-check";

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
