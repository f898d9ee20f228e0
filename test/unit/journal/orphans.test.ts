// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Digest, NewEvent } from "@elevation/domain";
import { initJournal, Journal } from "@elevation/journal";
import { AT, aDigest, aNote, anEvent, anIntent, JOB, NOON } from "../../support/journal-events";
import { MemoryStore } from "../../support/journal-memory-store";

const d = aDigest(1);

describe("orphans in a journal", () => {
  let journal: Journal;
  beforeEach(async () => {
    const store = new MemoryStore();
    const { hash } = await initJournal(store, JOB, NOON - 3_600_000);
    journal = await Journal.open(store, hash);
  });

  function seen(
    object: string,
    differences: readonly string[] = ["not ours"],
    request: Digest | null = null,
  ): NewEvent {
    return {
      at: AT,
      type: "orphan",
      request,
      actor: JOB,
      data: { place: { ...anIntent().place, object }, differences },
    };
  }
  const objects = async () => (await journal.view()).orphans.map(({ object, differences }) => [object, ...differences]);

  it("when one is seen again, then the latest counts, at the end; when nothing is said of it, then it is gone", async () => {
    await journal.append([seen("elev_1"), seen("elev_2"), seen("elev_1", ["without a note"])]);
    assert.deepEqual(await objects(), [
      ["elev_2", "not ours"],
      ["elev_1", "without a note"],
    ]);
    await journal.append([seen("elev_1", [])]);
    assert.deepEqual(await objects(), [["elev_2", "not ours"]]);
  });

  for (const type of ["activated", "revoked", "expired"] as const) {
    it(`when its request is ${type}, then it is none any more, and those of others stay`, async () => {
      await journal.append([
        anEvent("activating", d),
        seen("elev_1", undefined, d),
        seen("elev_2", undefined, aDigest(2)),
      ]);
      await journal.append([anEvent(type, d)]);
      assert.deepEqual(await objects(), [["elev_2", "not ours"]]);
    });
  }

  it("when time goes on, then an earlier view keeps what it had", async () => {
    await journal.append([seen("elev_1")]);
    const before = await journal.view();
    const { view } = await journal.append([seen("elev_1", []), seen("elev_2")]);
    const names = [before, view].map(({ orphans }) => orphans.map(({ object }) => object));
    assert.deepEqual(names, [["elev_1"], ["elev_2"]]);
  });

  it("when nothing of them has changed, then views share what they have", async () => {
    await journal.append([seen("elev_1")]);
    const { orphans } = await journal.view();
    const { view } = await journal.append([aNote("something else"), anEvent("activating", d), anEvent("activated", d)]);
    assert.equal(view.orphans, orphans);
  });
});
