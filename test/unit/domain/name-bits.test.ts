// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { compileWho, whoMatches } from "@elevation/domain/dist/compiled-who";
import { bitsOf } from "@elevation/domain/dist/name-bits";

const NAMES = Array.from({ length: 200 }, (_, at) => `name-${at}`);

describe("bits of names", () => {
  it("when a list has a name, then it has the name's bit, whatever else it has", () => {
    const all = bitsOf(NAMES);
    assert.deepEqual(
      NAMES.filter((name) => (bitsOf([name]) & all) !== bitsOf([name])),
      [],
    );
    assert.equal(bitsOf([]), 0);
    assert.equal(all, 2 ** 30 - 1);
  });

  it("when a rule's job function only has the bit of somebody's, then the rule isn't for them", () => {
    const [wanted = "", other = ""] = NAMES.filter((name) => bitsOf([name]) === bitsOf(["name-0"]));
    const person = { name: "a@example.com", jobFunctions: new Set([other]), kinds: new Set<string>() };
    const bits = bitsOf([person.name, other]);
    const people = {
      digest: "sha256:0",
      people: new Map([[person.name, { ...person, bits }]]),
      onCall: new Map(),
    } as const;
    const matches = (who: object) => whoMatches(compileWho(who), people, person.name, 0);
    assert.notEqual(wanted, other);
    assert.equal(matches({ jobFunctions: [wanted] }), false);
    assert.equal(matches({ jobFunctions: [other] }), true);
    assert.equal(matches({ people: [wanted] }), false);
    assert.equal(matches({ people: [person.name] }), true);
  });
});
