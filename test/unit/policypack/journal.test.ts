// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { digestOf, type EventData, formatInstant, type OrderPayload } from "@elevation/domain";
import { initJournal } from "@elevation/journal";
import { anEvent, anIntent, JOB } from "../../support/journal-events";
import { JournalFolder } from "../../support/journal-folder";
import { aRequest, START } from "../../support/lifecycle";
import { aKey, orderEvent, signedOrder } from "../../support/signing";
import { makePackFolder, type Pack, POLICY, startPack } from "./pack";

describe("the policy pack with a readable journal", () => {
  const request = aRequest({ ticket: "INC-1" });
  const digest = digestOf(request);
  const STACK = { organization: "organization", project: "elevation", stack: "production" };
  let journal: JournalFolder;
  let documents: { folder: string; remove: () => void };
  let now: number;
  /** How often a decision was reached. */
  let decisions: number;

  beforeEach(async () => {
    [now, decisions] = [START, 0];
    documents = makePackFolder();
    journal = await JournalFolder.empty();
    await initJournal(journal.store(), JOB, START - 86_400_000);
  });
  afterEach(async () => {
    documents.remove();
    await journal.remove();
  });

  async function start(folder = documents.folder, env: Record<string, string> = {}): Promise<Pack> {
    const clock = () => {
      decisions++;
      return now;
    };
    const anchors = { ELEVATION_JOURNAL: journal.address, ELEVATION_JOURNAL_ID: await journal.id() };
    return startPack(folder, clock, { ...anchors, ...env });
  }

  async function goLive(data: Partial<EventData["activating"]> = {}): Promise<void> {
    const times = { activatedAt: formatInstant(START), expiresAt: formatInstant(START + 1_800_000) };
    const intent = anIntent({ ...STACK, ...times, request, rule: "dba", ...data });
    await journal.store().append([anEvent("activating", digest, intent), anEvent("activated", digest)]);
  }

  it("when a request is new and allowed, then no rule speaks, that of the journal neither", async () => {
    assert.deepEqual(await (await start()).analyze(request), []);
  });

  it("when a grant is live, then it is spared, though its rule is gone, a freeze began and its activateBy is over", async () => {
    await goLive();
    const gone = makePackFolder(
      POLICY.replace("id: dba", "id: renamed").replace("jobFunctions: [dba]", "jobFunctions: [support]"),
    );
    try {
      now = Date.parse("2026-12-22T03:00:00Z");
      assert.deepEqual(await (await start(gone.folder)).analyze(request), []);
      const other = aRequest({ ticket: "INC-2" }, "other");
      assert.notDeepEqual(await (await start(gone.folder)).analyze(other), [], "one that isn't live is judged");
    } finally {
      gone.remove();
    }
  });

  it("when a digest belongs to another stack, then request-in-place refuses it", async () => {
    await goLive();
    assert.deepEqual(await (await start()).analyze(request, { stack: "staging" }), [
      "mandatory request-in-place: `alice-orders` belongs to stack `organization/elevation/production`, where it was first activated, this is `organization/elevation/staging`; write a request of its own for this stack",
    ]);
  });

  it("when a grant ended, then request-spent advises to remove it, and nothing is refused", async () => {
    await goLive();
    const endedAt = formatInstant(START + 1_800_000);
    await journal.store().append([anEvent("expired", digest, { cause: "expiry", endedAt, sessionsEnded: 0 })]);
    assert.deepEqual(await (await start()).analyze(request), [
      `advisory request-spent: the grant of \`alice-orders\` ended at ${endedAt}, and a request opens access at most once; write a new request with today's \`requestedAt\``,
    ]);
  });

  it("when an administrator has locked it, then request-allowed refuses it, and until when", async () => {
    const lock = { role: "orders-admin", until: formatInstant(START + 3_600_000) };
    const payload = { order: "lock", by: "ann@example.com", at: formatInstant(START), id: "1", reason: "Attack", lock };
    await journal.store().append([orderEvent(signedOrder(aKey(), payload as OrderPayload))]);
    assert.deepEqual(await (await start()).analyze(request), [
      "mandatory request-allowed: `alice-orders` is locked: ann@example.com locked role `orders-admin` until 2026-11-24T11:00:00.000Z (`Attack`); ask for it after that",
    ]);
  });

  it("when one validation asks all rules, then one decision is reached for each grant", async () => {
    const pack = await start();
    await pack.analyze(request);
    assert.equal(decisions, 1);
    await pack.analyze(aRequest({ ticket: "INC-2" }, "other"), { urn: "urn:other" });
    assert.equal(decisions, 2);
  });

  it("when the process is used for another validation, then it judges anew, by the journal and the clock of then", async () => {
    const pack = await start();
    now = START + 12 * 3_600_000;
    const [closed] = await pack.analyze(request);
    assert.match(closed ?? "", /^mandatory time-boundary: /);
    now = START;
    assert.deepEqual(await pack.analyze(request), []);
    await goLive();
    now = START + 12 * 3_600_000;
    assert.deepEqual(await pack.analyze(request), []);
    await journal.store().append([anEvent("expired", digest)]);
    const [ended] = await pack.analyze(request);
    assert.match(ended ?? "", /^advisory request-spent: /);
    assert.equal(decisions, 4);
  });

  it("when the journal was cut below the job's witness, then a live grant is judged as new, and the pack says why", async () => {
    await goLive();
    const [, , last] = await journal.store().read();
    const env = { ELEVATION_WITNESS: JSON.stringify({ seq: last?.seq, hash: last?.hash }) };
    assert.deepEqual(await (await start(documents.folder, env)).analyze(request), []);
    await journal.write((await journal.lines()).slice(0, 1));
    assert.deepEqual(await (await start(documents.folder, env)).analyze(request), [
      "advisory journal-read: judged as a new request, without a trusted journal (the journal lacks event 3, which the stack's exported state has seen: it was cut, replaced or restored from a backup; restore the whole journal); nothing is granted until `ELEVATION_JOURNAL` and `ELEVATION_JOURNAL_ID` name a whole journal that verifies",
    ]);
  });

  it("when the job's witness can't be read, then everything is refused", async () => {
    const [first] = await (await start(documents.folder, { ELEVATION_WITNESS: "" })).analyze(request);
    assert.match(first ?? "", /^mandatory request-well-formed: `ELEVATION_WITNESS` holds no witness; /);
  });

  it("when there is no journal, then the pack says that it judges as new", async () => {
    const pack = startPack(documents.folder, () => START);
    assert.deepEqual(await pack.analyze(request), [
      "advisory journal-read: judged as a new request, without a trusted journal (`ELEVATION_JOURNAL` is not set); nothing is granted until `ELEVATION_JOURNAL` and `ELEVATION_JOURNAL_ID` name a whole journal that verifies",
    ]);
  });
});
