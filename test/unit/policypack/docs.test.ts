// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "@elevation/policypack/rules";
import { judgeExample } from "@elevation/scripts/support/judge-example";
import { DOCS_FOLDER, renderPages } from "@elevation/scripts/support/rules-docs";

const MEND = "run `npm run docs`, and commit docs/rules";

describe("docs/rules", () => {
  let pages: ReadonlyMap<string, string>;
  before(async () => {
    pages = await renderPages();
  });

  it("when a rule is added or removed, then its page is, too", () => {
    assert.deepEqual(readdirSync(DOCS_FOLDER).sort(), [...pages.keys()].sort(), MEND);
  });

  for (const name of ["README.md", ...rules.map(({ id }) => `${id}.md`)]) {
    it(`when ${name} is read, then it says what the rules say`, () => {
      const file = join(DOCS_FOLDER, name);
      const text = existsSync(file) ? readFileSync(file, "utf8") : "";
      assert.equal(text, pages.get(name), `docs/rules/${name} is old; ${MEND}`);
    });
  }

  it("when it is rendered twice, then the texts are the same", async () => {
    assert.deepEqual([...(await renderPages())], [...pages]);
  });

  it("when a rule says nothing of its own example, then nothing is rendered", async () => {
    const [rule] = rules.filter(({ id }) => id === "time-boundary");
    assert.ok(rule);
    await assert.rejects(judgeExample(rule, { what: "for ten minutes", spec: { duration: "PT10M" } }), {
      message: "rule `time-boundary` says nothing of its example for ten minutes",
    });
  });
});
