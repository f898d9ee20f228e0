// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { TARGET_KINDS } from "@elevation/domain";

describe("kinds of targets", () => {
  it("when this version can grant there, then it says how long access outlives the grant", () => {
    assert.deepEqual([...TARGET_KINDS], [["postgres", { outlives: 0 }]]);
  });
});
