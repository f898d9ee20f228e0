// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { canonicalJson } from "@elevation/domain";
import canonicalize from "canonicalize";
import fc from "fast-check";

/** Keys and texts in which an order or an escape could go wrong: numbers, halves of pairs, what every object has. */
const ODD = ["__proto__", "constructor", "toJSON", "", "9", "10", "-1", "a", "A", "é", "\u{1f600}", "\ufb33", "\ud83d"];

/** NB. made where it is needed: the table of all characters takes a second, at whatever test is run otherwise. */
function anyValue(): fc.Arbitrary<unknown> {
  const text = fc.oneof(
    fc.constantFrom(...ODD, '"', "\\", "\u0000", "\u007f", "\u2028", "\udc00x"),
    fc.string({ unit: "binary" }),
  );
  return fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom<unknown>(null, true, false, 0, -0, 1e21, 1e-7, 2 ** 53, undefined),
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.date({ noInvalidDate: true }),
      fc.array(tie("value")),
      // NB. As JSON.parse does it: `__proto__` as a key like any other.
      fc.array(fc.tuple(text, tie("value"))).map((entries) => Object.fromEntries(entries)),
    ),
  })).value;
}

describe("properties of canonical JSON", () => {
  it("when a value has a JSON form, then its canonical form is that of the author of RFC 8785", () => {
    fc.assert(
      fc.property(anyValue(), (given) => {
        fc.pre(given !== undefined);
        assert.equal(canonicalJson(given), canonicalize(given));
      }),
      { numRuns: 2_000 },
    );
  });

  it("when a value has none, then that is an error, however deep it stands", () => {
    const rows: readonly (readonly [unknown, string])[] = [
      [undefined, "undefined"],
      [Number.NaN, "NaN"],
      [Number.NEGATIVE_INFINITY, "-Infinity"],
      [1n, "bigint"],
      [() => 1, "function"],
      [Symbol("x"), "symbol"],
    ];
    for (const [given, shown] of rows) {
      const expected = { name: "TypeError", message: `the value has no JSON form: ${shown}` };
      assert.throws(() => canonicalJson(given), expected);
      if (given !== undefined) assert.throws(() => canonicalJson({ a: [{ b: given }] }), expected);
    }
  });
});
