// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Digest, EventData, JournalEvent } from "@elevation/domain";
import { verifyChain } from "@elevation/journal";

/** Decisions, and what failed before anything was intended: nothing was open. */
const BEFORE = "(decided |failed )*";
const INTENT = "decided activating ";
const ENDING = "(revoking |stuck |drift )*";
/**
 * The events of one grant, in order, `residue` left out: decided and intended before anything else, activated once, ended once, and nothing after
 * its end but the ends of what stood again.
 */
const LIFE = new RegExp(
  `^(${BEFORE}${INTENT}${ENDING}failed )*${BEFORE}(${INTENT}(activated )?${ENDING}((expired|revoked) (revoked )*)?)?$`,
);

/** Asserts that a journal verifies and tells a life of each grant that can be. */
export function requireEvidence(events: readonly JournalEvent[]): void {
  assert.equal(verifyChain(events), null, "the chain verifies");
  const lives = new Map<Digest, JournalEvent[]>();
  for (const event of events) {
    if (event.request === null || event.type === "residue") continue;
    lives.set(event.request, [...(lives.get(event.request) ?? []), event]);
  }
  for (const [digest, life] of lives) {
    const told = life.map(({ type }) => `${type} `).join("");
    assert.ok(LIFE.test(told), `${digest}: ${told}`);
    const ends = life.filter(({ type }) => type === "expired" || type === "revoked");
    const again = ends.slice(1).filter(({ data }) => (data as EventData["revoked"]).cause !== "returned");
    assert.deepEqual(again, [], `${digest} ended twice: ${told}`);
  }
}
