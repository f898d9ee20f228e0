// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import type { EventData } from "@elevation/domain";
import { openStore, verifyChain } from "@elevation/journal";
import { activate, type GrantInputs, type GrantState, read, reap, remove, update } from "@elevation/provider/lifecycle";
import fc from "fast-check";
import { aRequest, createWorld, inputsOf, type TestWorld } from "../support/lifecycle";

const MINUTE = 60_000;

/** What befalls an operation when it reaches a point for the `nth` time. */
interface Fate {
  readonly point: "connect" | "observe" | "create" | "created" | "revoke" | "taken" | "revoked";
  readonly nth: number;
  /** `late`: held up, and goes on after the others; `late, killed`: and dies at the next point that it reaches. */
  readonly what: "killed" | "fails" | "late" | "late, killed" | "journal lost";
}
type Operation = "up" | "refresh" | "remove" | "reap" | "withdraw";

/** An operation has no more time than this: what is held up longer never goes on (provider/lifecycle/deadline.ts). */
const OPERATION = 2 * MINUTE;
interface Step {
  readonly operation: Operation;
  readonly grant: number;
  readonly fate: Fate | null;
  /** Minutes that pass before it. */
  readonly after: number;
  /** Whether the engine loses the state that the operation made. */
  readonly stateLost: boolean;
}

/** Where each operation goes through: a fate at another point would befall nobody. */
const THROUGH: Readonly<Record<Operation, readonly Fate["point"][]>> = {
  up: ["connect", "observe", "create", "create", "created", "created", "revoke"],
  refresh: ["connect", "observe", "revoke", "taken", "revoked"],
  remove: ["connect", "revoke", "taken", "revoked"],
  reap: ["connect", "revoke", "taken", "revoked"],
  withdraw: ["connect", "revoke", "taken", "revoked"],
};
const FATES: readonly Fate["what"][] = ["killed", "fails", "late", "late, killed", "late, killed", "journal lost"];

const aStep: fc.Arbitrary<Step> = fc
  .constantFrom<Operation>("up", "up", "up", "refresh", "remove", "reap", "withdraw", "withdraw")
  .chain((operation) =>
    fc.record({
      operation: fc.constant(operation),
      grant: fc.constantFrom(0, 0, 0, 1),
      fate: fc.option(
        fc.record({
          point: fc.constantFrom(...THROUGH[operation]),
          nth: fc.constantFrom(1, 1, 1, 2),
          what: fc.constantFrom(...FATES),
        }),
        { nil: null, freq: 2 },
      ),
      after: fc.constantFrom(0, 0, 0, 0, 1, 8, 25),
      stateLost: fc.boolean(),
    }),
  );

/** One stack's grants as the engine sees them, and what is at work on them. */
class Model {
  readonly world: TestWorld;
  readonly grants: readonly GrantInputs[] = [
    inputsOf(aRequest({ duration: "PT10M" }, "one")),
    inputsOf(aRequest({ duration: "PT20M" }, "other")),
  ];
  readonly states = new Map<string, GrantState>();
  /** Operations that wait somewhere and go on when the history is over. */
  readonly late: {
    readonly go: () => void;
    readonly done: Promise<unknown>;
    readonly since: number;
    readonly dies: boolean;
  }[] = [];

  constructor(world: TestWorld) {
    this.world = world;
  }

  async run(step: Step): Promise<void> {
    this.world.now += step.after * MINUTE;
    const inputs = this.grants[step.grant] as GrantInputs;
    const operation = () => this.operate(step, inputs);
    if (step.fate === null) await operation().catch(() => undefined);
    else await this.befall(step.fate, operation);
    this.world.target.before = () => undefined;
    // Each run is a process of its own; one that is held up keeps what it has.
    this.world.fork();
  }

  private async operate({ operation, stateLost }: Step, inputs: GrantInputs): Promise<void> {
    const keep = (state: GrantState | null): void => {
      if (stateLost) return;
      if (state === null) this.states.delete(inputs.digest);
      else this.states.set(inputs.digest, state);
    };
    const state = this.states.get(inputs.digest);
    try {
      if (operation === "up")
        keep(state === undefined ? await activate(this.world, inputs) : await update(this.world, state, inputs));
      if (operation === "refresh" && state !== undefined) keep(await read(this.world, state));
      if (operation === "remove" && state !== undefined) {
        await remove(this.world, state);
        keep(null);
      }
      if (operation === "reap") await this.reap();
      if (operation === "withdraw") await this.reap(this.grants.filter(({ digest }) => digest !== inputs.digest));
    } catch (error) {
      // What the engine does with an error that carries a state.
      const { properties } = error as { properties?: GrantState };
      if (properties !== undefined) keep(properties);
      throw error;
    }
  }

  reap(declared: readonly GrantInputs[] | null = null) {
    const digests = new Set(declared?.map(({ digest }) => digest));
    const folder = declared === null ? null : { project: "elevation", digests };
    return reap(this.world, { declared: folder, states: [...this.states.values()], environments: null, atOnce: 4 });
  }

  private befall({ point, nth, what }: Fate, operation: () => Promise<void>): Promise<void> {
    return new Promise((over) => {
      let count = 0;
      let isOver = false;
      const end = (): void => {
        isOver = true;
        over();
      };
      this.world.target.before = (reached) => {
        if (isOver || reached !== point) return undefined;
        count += 1;
        if (count !== nth) return undefined;
        if (what === "fails") throw new Error("connection refused");
        if (what === "journal lost") {
          renameSync(this.world.journalFile, `${this.world.journalFile}.away`);
          return undefined;
        }
        if (what === "killed") {
          end();
          return new Promise<never>(() => undefined);
        }
        return new Promise<void>((go) => {
          this.late.push({ go, done, since: this.world.now, dies: what === "late, killed" });
          end();
        });
      };
      const done = operation()
        .then(end, end)
        .finally(() => this.findJournal());
    });
  }

  private findJournal(): void {
    try {
      renameSync(`${this.world.journalFile}.away`, this.world.journalFile);
    } catch {
      // It was not lost.
    }
  }

  /** Those that were held up go on, and then everything that a schedule does, twice. */
  async heal(): Promise<void> {
    for (const { go, done, since, dies } of this.late) {
      if (this.world.now - since > OPERATION) continue;
      await new Promise<void>((over) => {
        if (dies)
          this.world.target.before = () => {
            over();
            return new Promise<never>(() => undefined);
          };
        go();
        void done.then(() => over());
      });
      this.world.target.before = () => undefined;
    }
    this.world.fork();
    for (let time = 0; time < 2; time++) {
      this.world.now += MINUTE;
      await this.reap();
      for (const [digest, state] of this.states) {
        const seen = await read(this.world, state);
        if (seen === null) this.states.delete(digest);
        else this.states.set(digest, seen);
      }
    }
  }
}

/** A run that is held up or dies while it makes the access, and what others do at once. */
const aRace: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.record({
      operation: fc.constant<Operation>("up"),
      grant: fc.constant(0),
      fate: fc.record({
        point: fc.constantFrom<Fate["point"]>("create", "created", "observe"),
        nth: fc.constant(1),
        what: fc.constantFrom<Fate["what"]>("late", "late, killed", "killed", "fails"),
      }),
      after: fc.constant(0),
      stateLost: fc.boolean(),
    }),
    fc.array(
      fc.record({
        operation: fc.constantFrom<Operation>("withdraw", "withdraw", "up", "reap", "remove"),
        grant: fc.constant(0),
        fate: fc.constant(null),
        after: fc.constantFrom(0, 0, 1),
        stateLost: fc.boolean(),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([first, others]) => [first, ...others]);

describe("property: the life of a grant", () => {
  it("whatever is killed, fails, comes late or loses the journal, after two passes of the schedule nothing is open that isn't live, and each end has its evidence", async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.array(aStep, { minLength: 1, maxLength: 7 }), aRace), async (steps) => {
        const world = await createWorld();
        try {
          const model = new Model(world);
          for (const step of steps) await model.run(step);
          await model.heal();
          await requireSound(world, model);
        } finally {
          await world.dispose();
        }
      }),
      { numRuns: Number(process.env["PROPERTY_RUNS"] ?? 300) },
    );
  });
});

async function requireSound(world: TestWorld, model: Model): Promise<void> {
  const events = await openStore(`file:${world.journalFile}`).read();
  assert.equal(verifyChain(events), null, "the chain verifies");
  const view = await (await world.journal()).view();
  for (const [object, { digest }] of world.target.things) {
    const known = view.grant(digest);
    assert.equal(known?.status, "live", `${object} stands and its grant is ${known?.status}`);
    assert.ok(world.now < new Date(known?.intent.expiresAt ?? 0).getTime(), `${object} stands after its end`);
    assert.deepEqual(known?.marks, [], `${object} stands though it must end`);
  }
  for (const { digest } of model.grants) {
    const own = events.filter(({ request }) => request === digest);
    const ends = own.filter(
      ({ type, data }) =>
        (type === "revoked" || type === "expired") && (data as EventData["revoked"]).cause !== "returned",
    );
    assert.ok(ends.length <= 1, `${ends.length} ends`);
    const end = own.indexOf(ends[0] as (typeof own)[number]);
    if (end < 0) continue;
    const after = own.slice(end + 1).map(({ type }) => type);
    assert.ok(
      !after.some((type) => ["activating", "activated", "failed", "drift", "stuck"].includes(type)),
      after.join(),
    );
  }
}
