// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type Terminal } from "@elevation/cli";
import { type Decision, decide, readJudge, readRequest } from "@elevation/domain";
import { initJournal, Journal, judge } from "@elevation/journal";
import { createVerdicts } from "@elevation/policypack/verdict";
import fc from "fast-check";
import { before } from "mocha";
import { world } from "../property/arbitraries";
import { JOB } from "../support/journal-events";
import { MemoryStore } from "../support/journal-memory-store";
import { enforced } from "./enforced-world";
import type { World } from "./world";

const STACK = { organization: "acme", project: "elevation", stack: "production" };
const RUNS = Math.min(Number(process.env["PROPERTY_RUNS"] ?? 150), 2000);

/** What all three can be given as files, with a journal that holds nothing. */
const plain = world.map((given): World => ({ ...enforced(given), live: [], history: [] }));

describe("one decision, three ways", function () {
  this.timeout(60_000 + RUNS * 200);
  let folder = "";
  let journal: Journal;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "elevation-three-ways-"));
    const store = new MemoryStore();
    const { hash } = await initJournal(store, JOB, Date.parse("2026-01-01T00:00Z"));
    journal = await Journal.open(store, hash);
  });
  after(() => rmSync(folder, { recursive: true }));

  it("when anybody asks for anything, then the pack shows, `elevate check` prints and the provider enforces what decide() says", async () => {
    const seen = new Set<string>();
    const view = await journal.view();
    await fc.assert(
      fc.asyncProperty(plain, async (given) => {
        const text = {
          policy: JSON.stringify(given.policy),
          directory: JSON.stringify(given.directory),
          request: JSON.stringify(given.request),
        };
        const documents = readJudge(
          { file: "elevation.yaml", text: text.policy },
          { file: "directory.yaml", text: text.directory },
        );
        const request = readRequest({ file: "request.yaml", text: text.request }).value;
        const context = { now: given.now, proof: null, approvals: null, live: [], history: [] };
        const expected = plainly(decide(documents.policy.value, documents.directory.value, request, context));

        writeFileSync(join(folder, "elevation.yaml"), text.policy);
        writeFileSync(join(folder, "directory.yaml"), text.directory);
        writeFileSync(join(folder, "request.yaml"), text.request);
        assert.deepEqual(await shownByPack(folder, given), expected, "the pack");
        assert.deepEqual(await printedByCheck(folder, given), expected, "elevate check");
        for (const past of [null, view]) {
          const enforced = judge(documents, request, { stack: STACK, now: given.now, view: past });
          assert.deepEqual(plainly(enforced), expected, "the provider");
        }
        seen.add(expected.outcome);
      }),
      { numRuns: RUNS },
    );
    assert.deepEqual([...seen].sort(), ["allow", "deny"]);
  });
});

async function shownByPack(folder: string, { request, now }: World): Promise<Decision> {
  const verdicts = createVerdicts({ folder, env: {}, clock: () => now });
  const { decision, faults } = await verdicts.of("a-rule", "urn:grant", { request, origin: "request.yaml", ...STACK });
  assert.deepEqual(faults, []);
  assert.ok(decision !== null);
  return plainly(decision);
}

async function printedByCheck(cwd: string, { now }: World): Promise<Decision> {
  const printed: unknown[] = [];
  const said: string[] = [];
  const terminal: Terminal = {
    env: {},
    cwd,
    // Nothing is laid out for people.
    colours: {} as Terminal["colours"],
    print: (text) => void printed.push(text),
    printJson: (value) => void printed.push(value),
    say: (line) => void said.push(line),
  };
  const documents = ["--policy", "elevation.yaml", "--directory", "directory.yaml"];
  const exit = await run(
    ["check", "request.yaml", ...documents, "--at", new Date(now).toISOString(), "--json"],
    terminal,
  );
  assert.equal(printed.length, 1, said.join("\n"));
  const decision = plainly(printed[0] as Decision);
  assert.equal(exit, decision.outcome === "allow" ? 0 : 3);
  return decision;
}

/** As JSON has it. */
function plainly(decision: Decision): Decision {
  return JSON.parse(JSON.stringify(decision)) as Decision;
}
