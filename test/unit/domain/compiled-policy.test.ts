// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readPolicy } from "@elevation/domain";
import { compilePolicy, instantOfText, spanOf } from "@elevation/domain/dist/compiled-policy";
import { aPolicy, ask, messages, TEAM } from "./documents";

describe("a compiled policy", () => {
  it("when a policy leaves out what it may, then there is none of it, or what the contract says instead", () => {
    const { value } = readPolicy({ file: "p.json", text: aPolicy({}, { requests: undefined }) }, "study");
    const { breakGlass, conflicts, denies, limits, maxDurations, maxOutlives, proof, activateWithin, startWithin } =
      compilePolicy(value);
    assert.deepEqual(
      { breakGlass, conflicts, denies, limits, maxDurations, maxOutlives, proof, activateWithin, startWithin },
      {
        breakGlass: null,
        conflicts: new Map(),
        denies: [],
        limits: { livePerPerson: null, heldPer: null, livePerRole: new Map() },
        maxDurations: new Map(),
        maxOutlives: new Map(),
        proof: "signature",
        activateWithin: 86_400_000,
        startWithin: { milliseconds: 604_800_000, text: "P7D" },
      },
    );
  });

  it("when an environment's maxDuration is the rule's own max, then a message speaks of the rule alone", () => {
    const tooLong = (maxDuration: string) =>
      messages(
        ask({
          now: "2026-11-24T10:00:00Z",
          policy: aPolicy({}, { environments: { production: { maxDuration }, staging: {} } }),
          directory: TEAM,
          spec: { duration: "PT9H" },
        }),
      );
    assert.deepEqual(tooLong("PT480M"), [
      "duration-too-long: `alice-orders` asks for 9 h, rule `dba` allows 8 h; set `duration` to PT8H or less",
    ]);
    assert.deepEqual(tooLong("PT479M"), [
      "duration-too-long: `alice-orders` asks for 9 h, rule `dba` allows 7 h 59 min in `production`; set `duration` to PT479M or less",
    ]);
  });

  it("when a document was not read, then a text of it that is none is an error of the program", () => {
    assert.throws(() => spanOf("P1M"), new TypeError("P1M is no duration: the document was not read"));
    assert.throws(() => instantOfText("now"), new TypeError("now is no instant: the document was not read"));
  });
});
