// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { formatInstant } from "@elevation/domain";
import { initJournal } from "@elevation/journal";
import { activate, type GrantInputs, update } from "@elevation/provider/lifecycle";
import { runReaper } from "@elevation/reaper";
import { aRequest, inputsOf } from "../support/lifecycle";
import { requireEvidence } from "./evidence";
import { Documents } from "./week/policies";
import { SimClock } from "./week/sim-clock";
import { type Machine, SimProcess } from "./week/sim-process";
import { SimJournal } from "./week/sim-store";
import { type Connection, SimTarget } from "./week/sim-targets";

const NOON = Date.parse("2026-11-24T12:00:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** As `elevate reap` has them. */
const [LOOK, SWEEP] = [1_000, 30_000];
/** The longest pause between two tries. */
const PAUSE = 60_000;

describe("a reaper whose clock is set, or one of whose targets is slow", () => {
  const documents = new Documents("plain", new Set(["ada@example.com"]));
  let clock: SimClock;
  let skew: number;
  let machine: Machine & { readonly targets: Record<Connection, SimTarget> };
  let stop: AbortController;

  beforeEach(async () => {
    clock = new SimClock(NOON);
    skew = 0;
    const journal = new SimJournal();
    const { hash } = await initJournal(journal, { kind: "job", key: "unverified" }, NOON - HOUR);
    const targets = { orders: new SimTarget(clock), ledger: new SimTarget(clock) };
    machine = { clock, journal, targets, journalId: hash, skew: () => skew };
    stop = new AbortController();
    const every = { lookEvery: LOOK, sweepEvery: SWEEP, reconcileEvery: SWEEP, timer: clock.timer };
    const options = { environments: null, judge: () => documents.judge, atOnce: 4, random: () => 0.5, ...every };
    void runReaper(newWorld(), { ...options, on: () => undefined }, stop.signal);
    await clock.quiet();
  });
  afterEach(async () => {
    stop.abort();
    await clock.quiet();
  });

  const newWorld = () => new SimProcess(machine, documents.judge).world;
  const stands = (at: Connection) => machine.targets[at].things.size;
  const advanceTo = (instant: number) => clock.advanceTo(instant, async () => undefined);

  async function grant(at: Connection): Promise<GrantInputs> {
    const spec = {
      requester: "ada@example.com",
      role: `${at}-admin`,
      requestedAt: formatInstant(NOON),
      duration: "PT10M",
    };
    const inputs = inputsOf(aRequest(spec, at));
    await activate(newWorld(), inputs);
    return inputs;
  }

  it("when our clock is set back by an hour, then a grant ends by its target's clock, with the next sweep", async () => {
    const inputs = await grant("orders");
    await advanceTo(NOON + 5 * MINUTE);
    skew = -HOUR;
    await advanceTo(NOON + 10 * MINUTE - 1);
    assert.equal(stands("orders"), 1, "it is not over");
    await advanceTo(NOON + 10 * MINUTE + SWEEP);
    assert.equal(stands("orders"), 0);
    skew = 0;
    const state = await activate(newWorld(), inputs);
    assert.deepEqual(
      [state.status, (await update(newWorld(), state, inputs)).status, stands("orders")],
      ["expired", "expired", 0],
    );
    requireEvidence(machine.journal.events);
  });

  it("when our clock is set forward by an hour, then what is over by it ends with the next look, and stays so when it is right again", async () => {
    await grant("orders");
    await advanceTo(NOON + MINUTE);
    skew = HOUR;
    await advanceTo(clock.now + LOOK);
    assert.equal(stands("orders"), 0);
    skew = 0;
    await advanceTo(NOON + 2 * HOUR);
    assert.equal(stands("orders"), 0);
    requireEvidence(machine.journal.events);
  });

  it("when one target answers nothing at all, then what ends elsewhere ends in its instant, and the rest within a minute of its answer", async () => {
    await grant("orders");
    await grant("ledger");
    await advanceTo(NOON + MINUTE);
    machine.targets.orders.trouble = "silent";
    await advanceTo(NOON + 10 * MINUTE - 1);
    assert.deepEqual([stands("orders"), stands("ledger")], [1, 1]);
    await advanceTo(NOON + 10 * MINUTE);
    assert.deepEqual([stands("orders"), stands("ledger")], [1, 0]);
    await advanceTo(NOON + 3 * HOUR);
    assert.equal(stands("orders"), 1);
    machine.targets.orders.trouble = null;
    await advanceTo(clock.now + PAUSE + 20_000);
    assert.equal(stands("orders"), 0);
    requireEvidence(machine.journal.events);
  });
});
