// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { isGrantError } from "@elevation/provider";
import { anchorProblems, openJournal } from "@elevation/provider/settings";
import { aDigest, anEvent, anIntent } from "../../support/journal-events";
import { JournalFolder } from "../../support/journal-folder";

describe("the provider's settings", () => {
  for (const key of [
    "admins",
    "journal",
    "journalId",
    "journal-id",
    "journal_id",
    "ELEVATION_JOURNAL_ID",
    "witness",
    "deploy",
  ]) {
    it(`when config is asked key by key and holds elevation:${key}, then it is refused`, () => {
      const problems = anchorProblems((asked) => (asked === `elevation:${key}` ? "x" : undefined), {});
      assert.equal(problems.length, 1);
      assert.match(
        problems[0] ?? "",
        new RegExp(
          `^stack config holds \`elevation:${key}\`, which counts only from the job's environment, as \`ELEVATION_[A-Z_]+\`; remove it from the stack's config$`,
        ),
      );
    });
  }

  it("when nothing is wrong, then nothing is said", () => {
    assert.deepEqual(
      anchorProblems((key) => (key === "elevation:policy" ? "x" : undefined), {}),
      [],
    );
  });

  it("when the environment's witness can't be read, then it is said", () => {
    assert.match(
      anchorProblems(() => undefined, { ELEVATION_WITNESS: "" })[0] ?? "",
      /^`ELEVATION_WITNESS` holds no witness;/,
    );
  });

  it("when a journal that verifies was cut below the witness, then it is untrusted for creates as well", async () => {
    const folder = await JournalFolder.with([anEvent("activating", aDigest(1), anIntent())]);
    try {
      const [, activating] = await folder.store().read();
      const env = { ELEVATION_JOURNAL: folder.address, ELEVATION_JOURNAL_ID: await folder.id() };
      const witness = JSON.stringify({ seq: activating?.seq, hash: activating?.hash });
      const open = () => openJournal({ ...env, ELEVATION_WITNESS: witness }, () => undefined);
      await (await open()).close();
      await folder.write((await folder.lines()).slice(0, 1));
      await assert.rejects(open(), (error: unknown) => {
        assert.ok(isGrantError(error));
        assert.equal(error.code, "journal-untrusted");
        assert.equal(
          error.message,
          "the journal lacks event 2, which the stack's exported state has seen: it was cut, replaced or restored from a backup; restore the whole journal",
        );
        return true;
      });
      await (await openJournal(env, () => undefined)).close();
    } finally {
      await folder.remove();
    }
  });
});
