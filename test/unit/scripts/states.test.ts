// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import type { Job, Stack } from "@elevation/scripts/pipeline/job";
import { reapFirst } from "@elevation/scripts/pipeline/reap";
import { exportStacks, runOnStack } from "@elevation/scripts/pipeline/states";

const PRODUCTION: Stack = { name: "production", environments: ["production", "eu"], problem: null };
const STAGING: Stack = { name: "staging", environments: ["staging"], problem: null };
const CLEAN = { version: 3, deployment: { resources: [] } };
const FOREIGN = {
  version: 3,
  deployment: {
    resources: [{ urn: "urn:pulumi:p::e::x:y:Z::it", type: "x:y:Z", custom: true, inputs: {}, outputs: {} }],
  },
};

/** A job whose engine gives these states, one an export, and notes all else that is run. */
function jobOf(states: readonly object[], changes: Partial<Job> = {}) {
  const ran: string[] = [];
  const said: string[] = [];
  const left = [...states];
  const done = { code: 0, output: "", stdout: "", stderr: "" };
  const job: Job = {
    ...{ root: "/", project: "elevation", stacks: [PRODUCTION, STAGING], isPartial: false, env: {}, lockWait: 0 },
    ...{ parallel: 2, show: (text) => void said.push(text) },
    say: (line) => said.push(line),
    pulumi: async (args) => {
      const file = args[args.indexOf("--file") + 1];
      if (args[1] === "export" && file !== undefined) writeFileSync(file, JSON.stringify(left.shift()));
      else ran.push(`pulumi ${args.join(" ")}`);
      return done;
    },
    elevate: async (args) => {
      ran.push(`elevate ${args.join(" ")}`);
      return done;
    },
    ...changes,
  };
  return { job, ran, said };
}

describe("the pipeline's look at states", () => {
  it("when a state changed since the first look, then no engine runs on it", async () => {
    const { job, ran, said } = jobOf([CLEAN, CLEAN, FOREIGN]);
    const exported = await exportStacks(job);
    exported.dispose();
    assert.deepEqual(
      exported.all.map(({ refusal }) => refusal),
      [null, null],
    );
    assert.equal(await runOnStack(job, PRODUCTION, ["refresh", "--yes"], {}), 1);
    assert.deepEqual(ran, []);
    assert.match(said.join("\n"), /^REFUSED: stack `production`: /);
  });

  it("when it did not, then the engine runs, in the mode without checkpoints", async () => {
    const { job, ran, said } = jobOf([CLEAN]);
    assert.equal(await runOnStack(job, PRODUCTION, ["refresh", "--yes"], {}), 0);
    assert.deepEqual(ran, ["pulumi refresh --yes --suppress-progress --stack production"]);
    assert.deepEqual(said, []);
  });

  it("when all stacks are worked on, then the pass ends grants of any environment; when some were named, of theirs only", async () => {
    const exports = { all: [], witness: "null", dispose: () => undefined };
    const whole = jobOf([]);
    assert.equal(await reapFirst(whole.job, exports, null), 0);
    assert.deepEqual(whole.ran, ["elevate reap --once"]);
    const scheduled = jobOf([]);
    assert.equal(await reapFirst(scheduled.job, exports, null, "PT5M"), 0);
    assert.deepEqual(scheduled.ran, ["elevate reap --once --every PT5M"]);
    const partial = jobOf([], { stacks: [PRODUCTION], isPartial: true });
    assert.equal(await reapFirst(partial.job, exports, "stacks/requests"), 0);
    assert.deepEqual(partial.ran, [
      "elevate reap --once --declared stacks/requests --environment eu --environment production",
    ]);
  });
});
