// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { isAtLeast, majorOf, versionIn } from "@elevation/engine/dist/version";

describe("engine versions", () => {
  const rows = [
    { version: "3.259.0", oldest: "3.259.0", expected: true },
    { version: "3.259.1", oldest: "3.259.0", expected: true },
    { version: "3.1000.0", oldest: "3.259.0", expected: true },
    { version: "4.0.0", oldest: "3.259.0", expected: true },
    { version: "3.258.99", oldest: "3.259.0", expected: false },
    { version: "2.999.0", oldest: "3.259.0", expected: false },
    { version: "3.259.0-alpha.1", oldest: "3.259.0", expected: false },
    { version: "3.260.0-alpha.1", oldest: "3.259.0", expected: true },
    { version: "1.26", oldest: "1.25.11", expected: true },
    { version: "1.26rc1", oldest: "1.26.0", expected: false },
    { version: "nonsense", oldest: "3.259.0", expected: false },
  ];
  for (const { version, oldest, expected } of rows) {
    it(`when ${version} is asked for ${oldest} or later, then the answer is ${expected}`, () => {
      assert.equal(isAtLeast(version, oldest), expected);
    });
  }

  it("when a version stands in other text, then only the version is taken", () => {
    assert.equal(versionIn("v3.259.0\n"), "3.259.0");
    assert.equal(versionIn("v3.260.0-alpha.x1b2c3"), "3.260.0-alpha.x1b2c3");
    assert.equal(versionIn("none"), undefined);
    assert.equal(majorOf("4.1.2"), 4);
    assert.ok(Number.isNaN(majorOf("none")));
  });
});
