// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { EventData, NewEvent } from "@elevation/domain";
import { requestDigestOf } from "@elevation/domain";
import { initJournal, Journal, type JournalView } from "@elevation/journal";
import { describe, it } from "mocha";
import { aDecision, anEvent, aRequest, JOB, NOON } from "../../support/journal-events";
import { MemoryStore } from "../../support/journal-memory-store";

const request = aRequest({ startAt: "2026-11-24T18:00:00Z" });
const digest = requestDigestOf(request);
const stack = { organization: "acme", project: "elevation", stack: "production" };

const scheduled = (changes: object = {}, data: Partial<EventData["decided"]> = {}): NewEvent =>
  anEvent("decided", digest, {
    ...{ decision: aDecision({ requestDigest: digest }), request },
    ...{ scheduled: { ...stack, origin: "alice.yaml", ...changes }, ...data },
  });
const over = anEvent("failed", digest, { reason: "lapsed", unscheduled: true });

describe("what is scheduled", () => {
  async function journalOf(...events: readonly NewEvent[]): Promise<Journal> {
    const store = new MemoryStore();
    const { hash } = await initJournal(store, JOB, NOON);
    store.force(events);
    return Journal.open(store, hash);
  }
  const listed = (view: JournalView) => [...view.scheduled.keys()];

  it("when a decision says so, then the request waits, with what activating it needs", async () => {
    const view = await (await journalOf(scheduled())).view();
    assert.deepEqual([...view.scheduled.values()], [{ digest, request, origin: "alice.yaml", stack }]);
    assert.deepEqual(view.live, []);
  });

  for (const [what, events, waits] of [
    ["was only decided", [anEvent("decided", digest)], false],
    ["failed, and is tried again", [scheduled(), anEvent("failed", digest)], true],
    ["is half made", [scheduled(), anEvent("activating", digest)], true],
    ["was half made, and that failed", [scheduled(), anEvent("activating", digest), anEvent("failed", digest)], true],
    ["is active", [scheduled(), anEvent("activating", digest), anEvent("activated", digest)], false],
    ["was taken back", [scheduled(), anEvent("activating", digest), anEvent("revoked", digest)], false],
    ["took until its end", [scheduled(), anEvent("activating", digest), anEvent("expired", digest)], false],
    ["lapsed or was withdrawn", [scheduled(), over], false],
    ["was withdrawn and is scheduled again", [scheduled(), over, scheduled()], true],
  ] as const) {
    it(`when a request ${what}, then it ${waits ? "waits" : "doesn't wait"}`, async () => {
      assert.deepEqual(listed(await (await journalOf(...events)).view()), waits ? [digest] : []);
    });
  }

  it("when another stack schedules it too, then the first has it", async () => {
    const view = await (await journalOf(scheduled(), scheduled({ stack: "staging" }))).view();
    assert.equal(view.scheduled.get(digest)?.stack.stack, "production");
  });

  it("when more comes, then an earlier view stays what it was", async () => {
    const journal = await journalOf();
    const views = [await journal.view()];
    for (const event of [scheduled(), over]) views.push((await journal.append([event])).view);
    assert.deepEqual(views.map(listed), [[], [digest], []]);
  });

  for (const [what, event, message] of [
    ["no stack", scheduled({ stack: 1 }), "its data has no proper `scheduled`"],
    ["an origin that is no text", scheduled({ origin: undefined }), "its data has no proper `scheduled`"],
    ["another request", scheduled({}, { request: aRequest() }), "its data holds another request than it names"],
    ["what is no request", scheduled({}, { request: {} as never }), "its data has no proper `request`"],
  ] as const) {
    it(`when it is scheduled with ${what}, then the journal is not trusted`, () =>
      assert.rejects(journalOf(event), {
        message: `the journal \`memory:\` cannot be trusted: event 2: ${message}; restore the journal itself`,
      }));
  }
});
