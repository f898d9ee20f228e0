// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { maskOf } from "@elevation/journal/postgres";
import fc from "fast-check";

describe("hiding secrets in what a server says", () => {
  const rows: readonly (readonly [string, readonly string[], string, string])[] = [
    ["it is long", ["correct horse"], "it says correct horse, and Xcorrect horseX", "it says ***, and X***X"],
    ["it is short and a word", ["m"], 'password "m" of m:m@host', 'password "***" of ***:***@host'],
    ["it is short and within words", ["m"], "permission denied for orders_admin", "permission denied for orders_admin"],
    ["it is short and part of a name", ["orders"], "orders_admin, orders-admin", "orders_admin, ***-admin"],
    ["it is short and within a word of another script", ["é"], "l’été é", "l’été ***"],
    ["it is short and no word", ["$!"], "cost$! and $!", "cost*** and ***"],
    ["it has signs of a pattern", [".*(a|b)+[c]^$\\"], "x .*(a|b)+[c]^$\\ y", "x *** y"],
    ["it holds another", ["postgres://u:pw@h/d", "pw"], "postgres://u:pw@h/d pw", "*** ***"],
    ["there is none", ["", ""], "nothing to hide", "nothing to hide"],
  ];
  for (const [what, secrets, text, hidden] of rows) {
    it(`when ${what}, then what is said is ${JSON.stringify(hidden)}`, () =>
      assert.equal(maskOf(secrets)(text), hidden));
  }

  it("when a secret of eight characters or more stands anywhere, then it is gone", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!"***".includes(secret) && !`${before}***${after}`.includes(secret));
        return !maskOf([secret])(`${before}${secret}${after}`).includes(secret);
      }),
    );
  });
});
