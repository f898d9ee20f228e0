// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onEachStack } from "@elevation/scripts/pipeline/each-stack";
import { findStacks, type Job, type Stack } from "@elevation/scripts/pipeline/job";
import type { Exported } from "@elevation/scripts/pipeline/states";
import { afterEach, beforeEach, describe, it } from "mocha";

const STACKS: readonly Stack[] = ["a", "b", "c"].map((name) => ({ name, environments: [], problem: null }));

function exportsOf(refused: string | null = null): { all: readonly Exported[] } {
  return {
    all: STACKS.map((stack) => ({ stack, file: null, refusal: stack.name === refused ? 1 : null, witness: null })),
  };
}

/** A job whose engine prints which stack it runs on, and everything that is shown. */
function aJob(parallel: number) {
  const shown: string[] = [];
  const finished = (output: string) => ({ code: 0, stdout: output, stderr: "", output });
  const job: Job = {
    ...{ root: "/", project: "elevation", stacks: STACKS, isPartial: false, env: {}, lockWait: 0, parallel },
    say: (line) => void shown.push(line),
    show: (text) => void shown.push(text),
    pulumi: async ([command = ""], options = {}) => {
      if (options.quiet !== true) shown.push(`live ${command}`);
      return finished(`output of ${command}`);
    },
    elevate: async () => finished(""),
  };
  return { job, shown };
}

/** So many can wait in it; each that comes is told of, and all are let go at once. */
function aGate() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
}

describe("work on each stack", () => {
  it("when there are three stacks and two may run at once, then two are begun, and the third when one is done", async () => {
    const { job } = aJob(2);
    const gates = new Map(STACKS.map(({ name }) => [name, aGate()]));
    const begun: string[] = [];
    const second = aGate();
    const third = aGate();
    const running = onEachStack(job, exportsOf(), async (_job, { name }) => {
      begun.push(name);
      if (begun.length === 2) second.open();
      if (begun.length === 3) third.open();
      await gates.get(name)?.opened;
      return 0;
    });
    await second.opened;
    assert.deepEqual(begun, ["a", "b"]);
    gates.get("b")?.open();
    await third.opened;
    assert.deepEqual(begun, ["a", "b", "c"]);
    for (const gate of gates.values()) gate.open();
    assert.deepEqual(await running, [0, 0, 0]);
  });

  it("when one is refused and one throws, then the third is worked on, and each has its own outcome", async () => {
    const { job, shown } = aJob(2);
    const ran: string[] = [];
    const codes = await onEachStack(job, exportsOf("a"), async (_job, { name }) => {
      ran.push(name);
      if (name === "b") throw new Error("no file descriptors are left");
      return 0;
    });
    assert.deepEqual(codes, [1, 4, 0]);
    assert.deepEqual(ran, ["b", "c"]);
    assert.deepEqual(shown, ["FAILED: stack `b`: no file descriptors are left"]);
  });

  it("when several run at once, then what each prints comes together; alone, then as it comes", async () => {
    const gate = aGate();
    const work = async (job: Job, { name }: Stack) => {
      job.say(`${name} begins`);
      if (name === "a") await gate.opened;
      await job.pulumi(["refresh"]);
      await job.pulumi(["export"], { quiet: true });
      if (name === "c") gate.open();
      return 0 as const;
    };
    const mixed = aJob(2);
    await onEachStack(mixed.job, exportsOf(), work);
    const told = (name: string) => [`${name} begins`, "$ pulumi refresh", "output of refresh"];
    assert.deepEqual(mixed.shown, [...told("b"), ...told("c"), ...told("a")]);

    const alone = aJob(1);
    gate.open();
    await onEachStack(alone.job, exportsOf(), work);
    assert.deepEqual(
      alone.shown,
      ["a", "b", "c"].flatMap((name) => [`${name} begins`, "live refresh"]),
    );
  });
});

describe("the stacks of a project", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "elevation-stacks-"));
    mkdirSync(join(root, "stacks"));
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const write = (name: string, text: string) => writeFileSync(join(root, "stacks", `Pulumi.${name}.yaml`), text);

  it("when a stack's file is broken, then the others are still stacks, and it says what is wrong with it", () => {
    write("production", "config: { elevation:environments: [production] }\n");
    write("staging", "config: {}\n");
    write("test", "config: [\n");
    const [production, staging, test] = findStacks(root, []);
    assert.deepEqual(production, { name: "production", environments: ["production"], problem: null });
    const file = (name: string) => join(root, "stacks", `Pulumi.${name}.yaml`);
    assert.deepEqual(staging, {
      name: "staging",
      environments: [],
      problem: `\`${file("staging")}\` has no list \`elevation:environments\`; write which the stack may use`,
    });
    assert.match(test?.problem ?? "", /^`.*Pulumi\.test\.yaml` can't be read: .*; mend it$/);
  });

  it("when there is none, then that is the fault of the project", () => {
    assert.throws(() => findStacks(root, []), {
      name: "ProjectError",
      message: "the project has no stack; write stacks/Pulumi.<stack>.yaml",
    });
  });
});
