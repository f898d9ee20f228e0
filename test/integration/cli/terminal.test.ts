// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { StatusReport } from "@elevation/cli";
import type { Decision } from "@elevation/domain";
import { AT, aRequest, DIRECTORY, eventOf, intentOf, POLICY } from "./documents";
import { aJournal, aProject, ELEVATE, elevate, type Project, run, TIMEOUT } from "./elevate";

const ESC = "\u001b";
/** A recolouring escape, a bidirectional override, an 8-bit control sequence, a line separator, a lone surrogate. */
const HOSTILE = `${ESC}[2J\u202egnp.exe\u009b31m\u2028evil\r\n\ud800`;
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/u;

describe("elevate and the terminal", () => {
  let project: Project;

  beforeEach(() => {
    project = aProject();
    project.write("alice.yaml", aRequest());
  });
  afterEach(() => project.remove());

  const check = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    elevate(["check", "alice.yaml", "--at", AT, ...args], { cwd: project.path, env });

  it("when stdout is no terminal, then there is no colour, unless it is forced; NO_COLOR wins", async () => {
    const coloured = async (env: Readonly<Record<string, string>>) => (await check(env)).stdout.includes(ESC);
    assert.deepEqual(
      await Promise.all([{}, { CI: "true" }, { FORCE_COLOR: "1" }, { FORCE_COLOR: "1", NO_COLOR: "1" }].map(coloured)),
      [false, false, true, false],
    );
  });

  it("when stdout is a terminal, then there is colour, unless NO_COLOR is set", async () => {
    const onTerminal = async (env: Readonly<Record<string, string>>) => {
      const command = `'${process.execPath}' '${ELEVATE}' check alice.yaml --at ${AT}`;
      const { stdout } = await run("script", ["-qec", command, "/dev/null"], { cwd: project.path, env });
      return [stdout.includes("dba-orders-short"), stdout.includes(ESC)];
    };
    assert.deepEqual(
      [
        await onTerminal({ TERM: "xterm" }),
        await onTerminal({ TERM: "xterm", NO_COLOR: "1" }),
        await onTerminal({ TERM: "dumb" }),
      ],
      [
        [true, true],
        [true, false],
        [true, false],
      ],
    );
  });

  it("when documents hold what a terminal would obey, then none of it reaches one", async () => {
    project.write("policypack/directory.yaml", DIRECTORY.replace("name: Alice", `name: ${JSON.stringify(HOSTILE)}`));
    project.write("alice.yaml", aRequest({ ticket: HOSTILE, reason: `bad ${HOSTILE}`, duration: "PT9H" }));
    project.write("bad.yaml", aRequest({ duration: HOSTILE, [HOSTILE]: 1 }));
    for (const args of [
      [],
      ["--json"],
      ["bad.yaml"],
      ["bad.yaml", "--json"],
      [`${HOSTILE}.yaml`],
      ["--policy", HOSTILE],
    ]) {
      const { stdout, stderr } = await check({}, ...args);
      for (const line of [...stdout.split("\n"), ...stderr.split("\n")]) assert.doesNotMatch(line, UNSAFE);
    }
  });

  it("when good documents hold what a terminal would obey, then they are judged, and none of it reaches one", async () => {
    const said = HOSTILE.slice(0, -1);
    const quoted = JSON.stringify(said).replace(
      /[^ -~]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    const reason = { minLength: 10, matches: "INC" };
    project.write(
      "policypack/elevation.yaml",
      POLICY.replace("Customer traffic", quoted).replace("{ minLength: 10 }", JSON.stringify(reason)),
    );
    project.write("policypack/directory.yaml", DIRECTORY.replace("name: Alice", `name: ${quoted}`));
    project.write("alice.yaml", aRequest({ ticket: "said", reason: "said" }).replaceAll('"said"', quoted));
    for (const args of [[], ["--json"]]) {
      const { exit, stdout, stderr } = await check({}, ...args);
      assert.equal(exit, 3);
      assert.match(stdout, /is `\\+u[^ ]*1b[^ ]*\[2J/);
      for (const line of [...stdout.split("\n"), ...stderr.split("\n")]) assert.doesNotMatch(line, UNSAFE);
    }
  });

  it("when arguments hold what a terminal would obey, then none of it reaches one", async () => {
    for (const args of [[HOSTILE], ["check", `--${HOSTILE}`], ["schema", HOSTILE], ["check", "a", "--at", HOSTILE]]) {
      const { exit, stderr } = await elevate(args, { cwd: project.path });
      assert.equal(exit, 2);
      for (const line of stderr.split("\n")) assert.doesNotMatch(line, UNSAFE);
    }
  });

  it("when the journal holds what a terminal would obey, then status shows it escaped, and --json keeps its meaning", async () => {
    const journal = await aJournal(project);
    const intent = intentOf(aRequest(), { requester: `alice${HOSTILE.slice(0, -1)}` });
    await journal.journal.append([intent]);
    const reason = HOSTILE.slice(0, -1);
    await journal.journal.append([eventOf(intent.request, { type: "stuck", data: { cause: "expiry", reason } })]);
    await journal.journal.close();
    const where = { cwd: project.path, env: journal.env };
    const table = await elevate(["status"], where);
    for (const line of table.stdout.split("\n")) assert.doesNotMatch(line, UNSAFE);
    const json = await elevate(["status", "--json"], where);
    for (const line of json.stdout.split("\n")) assert.doesNotMatch(line, UNSAFE);
    assert.equal((JSON.parse(json.stdout) as StatusReport).live[0]?.reason, reason);
  });

  it("when the decision is read by a program, then nothing but it is on stdout", async () => {
    const { stdout, stderr } = await check({ FORCE_COLOR: "1" }, "--json");
    assert.equal((JSON.parse(stdout) as Decision).outcome, "allow");
    assert.ok(!stdout.includes(ESC) && stderr !== "");
  });

  it("when something unforeseen happens, then there is no stack unless ELEVATION_DEBUG is 1", async () => {
    const usage = (env: Readonly<Record<string, string>>) => elevate(["schema", "polcy"], { cwd: project.path, env });
    const [plain, debug] = await Promise.all([usage({}), usage({ ELEVATION_DEBUG: "1" })]);
    assert.equal(
      plain.stderr,
      "error: `polcy` is no kind of document; use `Policy`, `Directory`, `Request`, `Order`, `PolicyTest` or `FireDrills`\n",
    );
    assert.match(debug.stderr, /\n {4}at schema \(/);
  });
}).timeout(TIMEOUT);
