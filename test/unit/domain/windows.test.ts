// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { formatInstant } from "@elevation/domain";
import { compileHours, nextOpen, windowAt, windowsBetween } from "@elevation/domain/dist/hours";
import { changeOfClocks, instantOf, offsetAt, renderLocal, weekdayOf } from "@elevation/domain/dist/zone-time";
import { IANAZone } from "luxon";
import { type Hours, isOpen, MINUTE } from "../../differential/calendar";
import { at, later } from "./documents";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

function hoursOf(given: Partial<Hours>): Hours {
  return { zone: "UTC", days: [...DAYS], from: "08:00", to: "20:00", mode: "hold", ...given };
}

/** `from to` as texts. */
function shown(interval: { from: number; to: number } | null): string | null {
  return interval === null ? null : `${formatInstant(interval.from)} ${formatInstant(interval.to)}`;
}

const between = (given: Partial<Hours>, from: string, to: string) =>
  windowsBetween(compileHours(hoursOf(given)), at(from), at(to)).map(shown);
const around = (given: Partial<Hours>, instant: string, horizon: string) =>
  shown(windowAt(compileHours(hoursOf(given)), at(instant), at(horizon)));
const next = (given: Partial<Hours>, instant: string) => {
  const found = nextOpen(compileHours(hoursOf(given)), at(instant));
  return found === null ? null : formatInstant(found);
};

describe("windows of hours", () => {
  describe("between two instants", () => {
    const NIGHTS = { days: ["mon", "tue"], from: "22:00", to: "02:00" } satisfies Partial<Hours>;
    const MONDAY = "2026-11-23T22:00:00.000Z 2026-11-24T02:00:00.000Z";
    const TUESDAY = "2026-11-24T22:00:00.000Z 2026-11-25T02:00:00.000Z";

    it("when a window has an instant in common with them, then it is among them, whole; one that only touches is not", () => {
      assert.deepEqual(between(NIGHTS, "2026-11-20T00:00:00Z", "2026-11-30T00:00:00Z"), [MONDAY, TUESDAY]);
      assert.deepEqual(between(NIGHTS, "2026-11-24T01:59:59.999Z", "2026-11-24T22:00:00.001Z"), [MONDAY, TUESDAY]);
      assert.deepEqual(between(NIGHTS, "2026-11-24T02:00:00.000Z", "2026-11-24T22:00:00.001Z"), [TUESDAY]);
      assert.deepEqual(between(NIGHTS, "2026-11-24T01:59:59.999Z", "2026-11-24T22:00:00.000Z"), [MONDAY]);
      assert.deepEqual(between(NIGHTS, "2026-11-24T02:00:00.000Z", "2026-11-24T22:00:00.000Z"), []);
      assert.deepEqual(between(NIGHTS, "2026-11-24T23:00:00Z", "2026-11-24T23:00:00.001Z"), [TUESDAY]);
    });

    it("when windows touch or overlap, then they are one", () => {
      const days = { days: ["mon", "tue", "thu"], from: "00:00", to: "24:00" } satisfies Partial<Hours>;
      const week = [
        "2026-11-23T00:00:00.000Z 2026-11-25T00:00:00.000Z",
        "2026-11-26T00:00:00.000Z 2026-11-27T00:00:00.000Z",
      ];
      assert.deepEqual(between(days, "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"), week);
      assert.deepEqual(
        between({ ...days, from: "12:00", to: "12:00" }, "2026-11-23T00:00:00Z", "2026-11-25T12:00:00Z"),
        ["2026-11-23T12:00:00.000Z 2026-11-25T12:00:00.000Z"],
      );
    });

    it("when clocks skip a day, then the window before it is still found, and that of the day is none", () => {
      // Apia has no 2011-12-30: Thursday the 29th ends at 10:00Z where Saturday the 31st begins.
      const apia = { zone: "Pacific/Apia", from: "22:00", to: "21:00" };
      assert.deepEqual(between({ ...apia, days: ["thu"] }, "2011-12-30T08:30:00Z", "2011-12-31T06:59:59Z"), [
        "2011-12-30T08:00:00.000Z 2011-12-31T07:00:00.000Z",
      ]);
      assert.deepEqual(
        between({ ...apia, days: ["fri"], from: "08:00", to: "20:00" }, "2011-12-28T00:00:00Z", "2012-01-02T00:00:00Z"),
        ["2011-12-30T18:00:00.000Z 2011-12-31T06:00:00.000Z"],
      );
    });

    it("when clocks go back over midnight, then a window that began before they did is found on the evening that comes again", () => {
      // St. John's went back from Sunday 00:01 to Saturday 23:01 at 2010-11-07T02:31Z.
      const sunday = { zone: "America/St_Johns", days: ["sun"], from: "00:00", to: "02:00" } satisfies Partial<Hours>;
      assert.deepEqual(between(sunday, "2010-11-07T02:40:00Z", "2010-11-07T02:45:00Z"), [
        "2010-11-07T02:30:00.000Z 2010-11-07T05:30:00.000Z",
      ]);
    });
  });

  describe("around an instant", () => {
    const ALWAYS = { from: "00:00", to: "24:00" };

    it("when days touch, then it reaches as far as the horizon, and no window after it is looked at", () => {
      assert.equal(
        around(ALWAYS, "2026-11-24T12:00:00Z", "2026-11-25T12:00:00Z"),
        "2026-11-22T00:00:00.000Z 2026-11-26T00:00:00.000Z",
      );
      assert.equal(
        around(ALWAYS, "2026-11-24T12:00:00Z", "2026-11-26T00:00:00Z"),
        "2026-11-22T00:00:00.000Z 2026-11-26T00:00:00.000Z",
      );
      assert.equal(
        around(ALWAYS, "2026-11-24T12:00:00Z", "2026-11-26T00:00:00.001Z"),
        "2026-11-22T00:00:00.000Z 2026-11-27T00:00:00.000Z",
      );
      assert.equal(
        around(ALWAYS, "2026-11-24T12:00:00Z", "2026-11-27T00:00:00.000Z"),
        "2026-11-22T00:00:00.000Z 2026-11-27T00:00:00.000Z",
      );
      assert.equal(
        around(ALWAYS, "2026-11-24T12:00:00Z", "2026-12-03T10:00:00Z"),
        "2026-11-22T00:00:00.000Z 2026-12-04T00:00:00.000Z",
      );
    });

    it("when a day is closed, then it ends there, however far the horizon is", () => {
      const days = [...DAYS].filter((day) => day !== "sat");
      assert.equal(
        around({ ...ALWAYS, days }, "2026-11-24T12:00:00Z", "2026-12-31T00:00:00Z"),
        "2026-11-22T00:00:00.000Z 2026-11-28T00:00:00.000Z",
      );
    });

    it("when a window ends before the next begins, then it ends there", () => {
      assert.equal(
        around({}, "2026-11-24T12:00:00Z", "2026-12-31T00:00:00Z"),
        "2026-11-24T08:00:00.000Z 2026-11-24T20:00:00.000Z",
      );
      assert.equal(
        around({ from: "08:00", to: "07:59" }, "2026-11-24T12:00:00Z", "2026-12-31T00:00:00Z"),
        "2026-11-24T08:00:00.000Z 2026-11-25T07:59:00.000Z",
      );
      assert.equal(
        around({ from: "12:00", to: "11:00" }, "2026-11-24T13:00:00Z", "2026-12-31T00:00:00Z"),
        "2026-11-24T12:00:00.000Z 2026-11-25T11:00:00.000Z",
      );
    });

    it("when the zone is far from UTC, then its days are found all the same", () => {
      for (const [zone, from, to] of [
        ["Pacific/Kiritimati", "2026-11-22T10:00:00.000Z", "2026-12-04T10:00:00.000Z"],
        ["Pacific/Pago_Pago", "2026-11-21T11:00:00.000Z", "2026-12-04T11:00:00.000Z"],
      ] as const) {
        assert.equal(around({ ...ALWAYS, zone }, "2026-11-24T10:30:00Z", later(to, -1)), `${from} ${to}`, zone);
      }
    });

    it("when windows of a whole day begin at the last minute, then each is joined to the next", () => {
      const late = { from: "23:59", to: "23:59" };
      assert.equal(
        around(late, "2026-11-24T12:00:00Z", "2026-12-01T00:00:00Z"),
        "2026-11-22T23:59:00.000Z 2026-12-01T23:59:00.000Z",
      );
    });
  });

  describe("after an instant", () => {
    it("when they are open, then it is that instant; from closing time on the next opening", () => {
      assert.equal(next({}, "2026-11-24T07:59:59.999Z"), "2026-11-24T08:00:00.000Z");
      assert.equal(next({}, "2026-11-24T08:00:00.000Z"), "2026-11-24T08:00:00.000Z");
      assert.equal(next({}, "2026-11-24T19:59:59.999Z"), "2026-11-24T19:59:59.999Z");
      assert.equal(next({}, "2026-11-24T20:00:00.000Z"), "2026-11-25T08:00:00.000Z");
    });

    it("when they open on any one day of the week, then that day is found", () => {
      for (const [index, day] of DAYS.entries()) {
        // 2026-11-24 is a Tuesday.
        const date = 24 + ((index + 6) % 7);
        assert.equal(next({ days: [day] }, "2026-11-24T00:00:00Z"), `2026-11-${date}T08:00:00.000Z`, day);
      }
      assert.equal(next({ days: ["tue"] }, "2026-11-24T20:00:00Z"), "2026-12-01T08:00:00.000Z");
    });

    it("when a change of clocks swallows the opening, then the one a week later is found", () => {
      const hours = { zone: "Europe/Berlin", days: ["sun"], from: "02:30", to: "03:00" } satisfies Partial<Hours>;
      assert.equal(next(hours, "2026-03-22T02:00:00Z"), "2026-04-05T00:30:00.000Z");
    });

    it("when a change of clocks leaves nothing or less than nothing of a window, then there is none that day", () => {
      // Berlin skips 02:00 to 03:00 at 2026-03-29T01:00Z.
      for (const from of ["02:00", "02:30"]) {
        const hours = { zone: "Europe/Berlin", from, to: "03:00" };
        const monday = `2026-03-30T00:${from.slice(3)}:00.000Z`;
        assert.equal(next(hours, "2026-03-28T02:00:00Z"), monday);
        assert.deepEqual(between(hours, "2026-03-28T02:00:00Z", "2026-03-30T01:00:00Z"), [
          `${monday} 2026-03-30T01:00:00.000Z`,
        ]);
      }
    });

    it("when they began the evening before, then they are open after midnight", () => {
      assert.equal(
        next({ days: ["mon"], from: "22:00", to: "02:00" }, "2026-11-24T01:59:59.999Z"),
        "2026-11-24T01:59:59.999Z",
      );
      assert.equal(
        next({ days: ["mon"], from: "22:00", to: "02:00" }, "2026-11-24T02:00:00Z"),
        "2026-11-30T22:00:00.000Z",
      );
    });
  });

  it("when clocks change, then each minute is in a window exactly where a clock says so", () => {
    for (const [zone, from] of [
      ["Europe/Berlin", "2026-03-28T12:00:00Z"],
      ["America/New_York", "2026-10-31T12:00:00Z"],
      ["Australia/Lord_Howe", "2026-04-04T02:00:00Z"],
      ["Africa/Casablanca", "2026-02-14T12:00:00Z"],
    ] as const) {
      for (const clocks of [
        ["00:00", "24:00"],
        ["02:15", "02:45"],
        ["22:00", "02:30"],
        ["02:30", "02:30"],
      ] as const) {
        const hours = hoursOf({ zone, days: ["sat", "sun"], from: clocks[0], to: clocks[1] });
        const compiled = compileHours(hours);
        const [start, end] = [at(from), at(from) + 30 * 60 * MINUTE];
        const windows = windowsBetween(compiled, start, end);
        for (let minute = start; minute < end; minute += 5 * MINUTE) {
          const open = isOpen(hours, minute);
          const about = `${compiled.text} at ${formatInstant(minute)}`;
          assert.equal(
            windows.some((window) => window.from <= minute && minute < window.to),
            open,
            about,
          );
          assert.equal(windowAt(compiled, minute, minute) !== null, open, about);
          assert.equal(nextOpen(compiled, minute) === minute, open, about);
        }
      }
    }
  });
});

describe("clocks of a zone", () => {
  const zone = (name: string) => IANAZone.create(name);

  it("when clocks change, then the offset does in that very millisecond", () => {
    const berlin = zone("Europe/Berlin");
    const change = at("2026-03-29T01:00:00Z");
    assert.deepEqual(
      [change - 1, change, change + MINUTE - 1].map((instant) => offsetAt(berlin, instant) / MINUTE),
      [60, 120, 120],
    );
    // The same again, from what is known by now.
    assert.deepEqual(
      [change - 1, change].map((instant) => offsetAt(berlin, instant) / MINUTE),
      [60, 120],
    );
  });

  it("when they changed within a minute, long ago, then to the second", () => {
    // Monrovia left -00:44:30 at 1972-01-07T00:44:30Z.
    const monrovia = zone("Africa/Monrovia");
    const change = at("1972-01-07T00:44:30Z");
    assert.deepEqual(
      [change - 1, change].map((instant) => offsetAt(monrovia, instant) / 1000),
      [-2670, 0],
    );
    assert.deepEqual(
      [change, change - 1].map((instant) => offsetAt(monrovia, instant) / 1000),
      [0, -2670],
    );
  });

  it("when an offset was asked for, then the calendar, which is slow, isn't asked again for that minute, of the last 4096", () => {
    class Counting extends IANAZone {
      asked = 0;
      override offset(instant: number): number {
        this.asked++;
        return super.offset(instant);
      }
    }
    const berlin = new Counting("Europe/Berlin");
    const [first, summer] = [at("1973-01-01T00:00:00Z"), at("2026-07-01T00:00:00Z")];
    const ask = (instant: number) => {
      const before = berlin.asked;
      const offset = offsetAt(berlin, instant) / MINUTE;
      return [offset, berlin.asked - before];
    };
    assert.deepEqual(
      [ask(first), ask(first), ask(first + MINUTE - 1)],
      [60, 60, 60].map((offset, n) => [offset, n === 0 ? 1 : 0]),
    );
    for (let minute = 1; minute < 4096; minute++) ask(first + minute * MINUTE);
    assert.deepEqual(
      [ask(first), ask(first + 4095 * MINUTE)],
      [
        [60, 0],
        [60, 0],
      ],
    );
    assert.deepEqual(
      [ask(summer), ask(summer), ask(first)],
      [
        [120, 1],
        [120, 0],
        [60, 1],
      ],
    );
  });

  it("when clocks change between two instants, then the minute of the change is found", () => {
    for (const [name, change] of [
      ["Europe/Berlin", "2026-03-29T01:00:00.000Z"],
      ["Europe/Berlin", "2026-10-25T01:00:00.000Z"],
      ["Australia/Lord_Howe", "2026-04-04T15:00:00.000Z"],
      ["Pacific/Apia", "2011-12-30T10:00:00.000Z"],
      ["America/St_Johns", "2010-11-07T02:31:00.000Z"],
    ] as const) {
      for (const [before, after] of [
        [7 * 24 * 60 * MINUTE, 7 * 24 * 60 * MINUTE],
        [1, 24 * 60 * MINUTE],
        [24 * 60 * MINUTE + 1, 0],
        [1, 0],
        [3 * MINUTE + 30_001, 2 * MINUTE + 1],
      ] as const) {
        const found = changeOfClocks(zone(name), at(change) - before, at(change) + after);
        assert.equal(formatInstant(found), change, `${name} ${before} ${after}`);
      }
    }
  });

  it("when a day is before 1970, then its weekday is right too", () => {
    assert.deepEqual([-8, -7, -4, -3, -1, 0, 1, 3, 4, 20_781].map(weekdayOf), [3, 4, 7, 1, 3, 4, 5, 7, 1, 2]);
  });

  it("when a clock shows a time once, twice or never, then it is that instant, the first, or as if clocks had not changed", () => {
    const day = (text: string) => at(`${text}T00:00:00Z`) / (24 * 60 * MINUTE);
    for (const [name, date, clock, expected] of [
      ["UTC", "2026-11-24", "00:00", "2026-11-24T00:00:00.000Z"],
      ["UTC", "1969-12-31", "23:59", "1969-12-31T23:59:00.000Z"],
      ["Asia/Kathmandu", "2026-11-24", "12:00", "2026-11-24T06:15:00.000Z"],
      ["Europe/Berlin", "2026-03-29", "01:59", "2026-03-29T00:59:00.000Z"],
      ["Europe/Berlin", "2026-03-29", "02:00", "2026-03-29T01:00:00.000Z"],
      ["Europe/Berlin", "2026-03-29", "02:59", "2026-03-29T01:59:00.000Z"],
      ["Europe/Berlin", "2026-03-29", "03:00", "2026-03-29T01:00:00.000Z"],
      ["Europe/Berlin", "2026-10-25", "01:59", "2026-10-24T23:59:00.000Z"],
      ["Europe/Berlin", "2026-10-25", "02:00", "2026-10-25T00:00:00.000Z"],
      ["Europe/Berlin", "2026-10-25", "02:59", "2026-10-25T00:59:00.000Z"],
      ["Europe/Berlin", "2026-10-25", "03:00", "2026-10-25T02:00:00.000Z"],
      ["America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30:00.000Z"],
      ["America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30:00.000Z"],
      // No Friday there: Thursday's offset was -10 h, Saturday's is +14 h.
      ["Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T22:00:00.000Z"],
    ] as const) {
      const minutes = Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
      assert.equal(formatInstant(instantOf(zone(name), day(date), minutes)), expected, `${name} ${date} ${clock}`);
    }
  });

  it("when an instant is shown to people, then by weekday, clock and zone", () => {
    const monday = at("2026-11-23T23:30:00Z");
    assert.deepEqual(
      [...DAYS.keys()].map((index) =>
        renderLocal(zone("Europe/Berlin"), monday + index * 24 * 60 * MINUTE).slice(0, 9),
      ),
      ["Tue 00:30", "Wed 00:30", "Thu 00:30", "Fri 00:30", "Sat 00:30", "Sun 00:30", "Mon 00:30"],
    );
    assert.equal(renderLocal(zone("America/New_York"), monday), "Mon 18:30 America/New_York");
  });
});
