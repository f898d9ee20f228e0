// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { LINT_PAGE, renderLintPage } from "@elevation/scripts/support/lint-docs";

describe("docs/lint.md", () => {
  it("when it is read, then it says what the checks say", () => {
    assert.equal(
      readFileSync(LINT_PAGE, "utf8"),
      renderLintPage(),
      "docs/lint.md is old; run `npm run docs`, and commit it",
    );
  });
});
