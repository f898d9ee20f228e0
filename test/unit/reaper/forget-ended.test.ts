// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import type { Digest } from "@elevation/domain";
import type { JournalView } from "@elevation/journal";
import { type Forgetting, forgetEnded, type HeldGrant, type StateSummary } from "@elevation/reaper/stacks";
import { beforeEach, describe, it } from "mocha";

/** A stack's state and an engine that refreshes it. */
describe("a stack that forgets what has ended", () => {
  let held: HeldGrant[];
  /** Names of the grants that the journal calls ended. */
  let ended: Set<string>;
  let ran: string[][];
  let problems: string[];
  /** How a refresh of these ends. */
  let refresh: (urns: readonly string[]) => { code: number; output: string };
  let forgetting: Forgetting;

  const aGrant = (name: string, changes: Partial<HeldGrant> = {}): HeldGrant => ({
    ...{ urn: `urn:${name}`, digest: name as Digest, name, environment: "production", isDropped: true },
    ...changes,
  });

  beforeEach(() => {
    held = [aGrant("a"), aGrant("b"), aGrant("c")];
    ended = new Set(["a", "c"]);
    ran = [];
    problems = [];
    refresh = (urns) => {
      held = held.filter(({ urn }) => !urns.includes(urn));
      return { code: 0, output: "" };
    };
    forgetting = {
      pulumi: async (args, { env }) => {
        const [command, ...rest] = args;
        if (command === "stack") {
          const summary: StateSummary = { held, problems, witness: { seq: 7, hash: "abc" } };
          writeFileSync(args[args.indexOf("--file") + 1] ?? "", JSON.stringify(summary));
          return { code: 0, stdout: "", output: "" };
        }
        ran.push([String(env?.["ELEVATION_WITNESS"]), String(env?.["PULUMI_SKIP_CHECKPOINTS"]), ...args]);
        const urns = rest.filter((_arg, index) => rest[index - 1] === "--target");
        return { stdout: "", ...refresh(urns) };
      },
      view: async () =>
        ({ grant: (digest: Digest) => ({ status: ended.has(digest) ? "ended" : "live" }) }) as unknown as JournalView,
      environments: null,
      read: (file) => JSON.parse(readFileSync(file, "utf8")) as StateSummary,
      random: () => 0.5,
    };
  });

  it("when some of its grants have ended, then one refresh is aimed at those, and at nothing else", async () => {
    assert.equal(await forgetEnded(forgetting, "production"), 2);
    const fixed = ["refresh", "--yes", "--skip-preview", "--suppress-progress", "--stack", "production"];
    assert.deepEqual(ran, [['{"seq":7,"hash":"abc"}', "true", ...fixed, "--target", "urn:a", "--target", "urn:c"]]);
  });

  it("when none has, or what has is inert or of another environment, then no refresh runs", async () => {
    ended = new Set(["x", "y"]);
    held = [aGrant("a"), aGrant("x", { isDropped: false }), aGrant("y", { environment: "staging" })];
    forgetting = { ...forgetting, environments: new Set(["production"]) };
    assert.equal(await forgetEnded(forgetting, "production"), 0);
    assert.deepEqual(ran, []);
  });

  it("when the backend doesn't know it, then it is said that there is none, and no refresh runs", async () => {
    const output = "error: no stack named 'production' found\n";
    forgetting = { ...forgetting, pulumi: async () => ({ code: 255, stdout: "", output }) };
    assert.equal(await forgetEnded(forgetting, "production"), null);
  });

  it("when more ends while a refresh runs, then another follows", async () => {
    const first = refresh;
    refresh = (urns) => {
      ended.add("b");
      return first(urns);
    };
    assert.equal(await forgetEnded(forgetting, "production"), 3);
    assert.deepEqual(
      ran.map((args) => args.slice(8)),
      [
        ["--target", "urn:a", "--target", "urn:c"],
        ["--target", "urn:b"],
      ],
    );
  });

  it("when there are more than fit, then refreshes of 500 follow each other, from a place by chance on", async () => {
    held = Array.from({ length: 1_100 }, (_, index) => aGrant(`g${index}`));
    ended = new Set(held.map(({ name }) => name));
    assert.equal(await forgetEnded(forgetting, "production"), 1_100);
    assert.deepEqual(
      ran.map((args) => [(args.length - 8) / 2, args[9]]),
      [
        [500, "urn:g550"],
        [500, "urn:g300"],
        [100, "urn:g200"],
      ],
    );
  });

  it("when its state isn't only what we made, then no engine runs on it", async () => {
    problems = ["`x` is of another type", "`y` holds other code"];
    await assert.rejects(forgetEnded(forgetting, "production"), {
      message: "stack `production`: `x` is of another type; stack `production`: `y` holds other code",
    });
    assert.deepEqual(ran, []);
  });

  it("when its code is changed between two refreshes, then the second doesn't run", async () => {
    const first = refresh;
    refresh = (urns) => {
      problems = ["`x` holds other code"];
      ended.add("b");
      return first(urns);
    };
    await assert.rejects(forgetEnded(forgetting, "production"), {
      message: "stack `production`: `x` holds other code",
    });
    assert.equal(ran.length, 1);
  });

  for (const [what, output, reason] of [
    [
      "is locked",
      "error: the stack is currently locked by 1 lock(s). Either wait",
      "it is locked by another run; if none is at work, run `pipeline recover`",
    ],
    [
      "fails",
      "Refreshing (production):\nerror: connection `orders` could not be opened\n\n",
      "its refresh ended with 255: error: connection `orders` could not be opened",
    ],
    ["says no error", "one\ntwo\n\nthree\nfour\n", "its refresh ended with 255: two; three; four"],
    ["says much", `error: ${"x".repeat(900)}`, `its refresh ended with 255: error: ${"x".repeat(393)}…`],
  ] as const) {
    it(`when the refresh ${what}, then that is the reason`, async () => {
      refresh = () => ({ code: 255, output });
      await assert.rejects(forgetEnded(forgetting, "production"), { message: reason });
    });
  }

  it("when a refresh leaves one in the state, then that is said instead of tried without end", async () => {
    const first = refresh;
    refresh = (urns) => first(urns.filter((urn) => urn !== "urn:c"));
    await assert.rejects(forgetEnded(forgetting, "production"), {
      message: "a refresh left 1 of its ended grants in it; look at them with `elevate stacks`",
    });
    assert.equal(ran.length, 1);
  });

  it("when the journal can't be trusted, then nobody knows what has ended, and no refresh runs", async () => {
    const view = () => Promise.reject(new Error("there is no journal"));
    await assert.rejects(forgetEnded({ ...forgetting, view }, "production"), { message: "there is no journal" });
    assert.deepEqual(ran, []);
  });
});
