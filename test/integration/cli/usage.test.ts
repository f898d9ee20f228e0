// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { jsonSchemaOf } from "@elevation/domain";
import { ELEVATE, elevate, run, TIMEOUT } from "./elevate";

const where = { cwd: tmpdir() };

describe("elevate and its arguments", () => {
  it("when the arguments are wrong, then stderr says how and the exit code is 2", async () => {
    const rows: readonly (readonly [readonly string[], string])[] = [
      [["chek"], "error: unknown command 'chek'\n(Did you mean check?)\n"],
      [["statsu"], "error: unknown command 'statsu'\n(Did you mean status?)\n"],
      [["explian", "alice@example.com"], "error: unknown command 'explian'\n(Did you mean explain?)\n"],
      [["journal", "int"], "error: unknown command 'int'\n(Did you mean init?)\n"],
      [["check"], "error: missing required argument 'request'\n"],
      [["check", "--jsn", "a.yaml"], "error: unknown option '--jsn'\n(Did you mean --json?)\n"],
      [["check", "a.yaml", "--policy"], "error: option '--policy <file>' argument missing\n"],
      [
        ["check", "a.yaml", "--approvals", "stacks/requests"],
        "error: `--approvals` is given, but this version verifies no approvals; leave it out, or use a version that does\n",
      ],
      [
        ["check", "a.yaml", "--allowed-signers", "allowed_signers"],
        "error: `--allowed-signers` is given, but this version verifies no approvals; leave it out, or use a version that does\n",
      ],
      [
        ["check", "a.yaml", "--approvals", "a", "--allowed-signers", "b"],
        "error: `--approvals` and `--allowed-signers` are given, but this version verifies no approvals; leave them out, or use a version that does\n",
      ],
      [
        ["lint", "--json", "--sarif", "-"],
        "error: `--json` and `--sarif -` would both be printed; give `--sarif` a file\n",
      ],
      [["lint", "policy.yaml"], "error: too many arguments for 'lint'. Expected 0 arguments but got 1.\n"],
      [["schema"], "error: missing required argument 'kind'\n"],
      [["schema", "Policy", "Request"], "error: too many arguments for 'schema'. Expected 1 argument but got 2.\n"],
      [
        ["schema", "polcy"],
        "error: `polcy` is no kind of document; use `Policy`, `Directory`, `Request`, `Order`, `PolicyTest` or `FireDrills`\n",
      ],
      [["test", "--at", "2026-11-24T10:00:00Z"], "error: unknown option '--at'\n"],
      [["status", "--record"], "error: unknown option '--record'\n"],
    ];
    const runs = await Promise.all(rows.map(([args]) => elevate(args, where)));
    assert.deepEqual(
      runs,
      rows.map(([, stderr]) => ({ exit: 2, stdout: "", stderr })),
    );
  });

  it("when no command is given, then its help goes to stderr and the exit code is 2", async () => {
    for (const args of [[], ["orders"], ["journal"], ["audit"]]) {
      const { exit, stdout, stderr } = await elevate(args, where);
      assert.deepEqual([exit, stdout], [2, ""]);
      assert.match(stderr, /^Usage: elevate /);
    }
  });

  it("when help is asked for, then the commands of this version are listed on stdout and no others", async () => {
    const { exit, stdout, stderr } = await elevate(["--help"], where);
    assert.deepEqual([exit, stderr], [0, ""]);
    const commands = [...(stdout.split("Commands:\n")[1] ?? "").matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name);
    assert.deepEqual(commands, [
      "check",
      "explain",
      "diff",
      "test",
      "lint",
      "schema",
      "status",
      "stacks",
      "reap",
      "drill",
      "orders",
      "journal",
      "audit",
    ]);
  });

  it("when the version is asked for, then it is printed", async () => {
    assert.deepEqual(await elevate(["--version"], where), { exit: 0, stdout: "0.1.0\n", stderr: "" });
  });

  it("when a kind is named in any case, then its schema is printed", async () => {
    for (const [name, kind] of [
      ["Policy", "Policy"],
      ["directory", "Directory"],
      ["REQUEST", "Request"],
      ["order", "Order"],
      ["policytest", "PolicyTest"],
      ["firedrills", "FireDrills"],
    ] as const) {
      const { exit, stdout, stderr } = await elevate(["schema", name], where);
      assert.deepEqual([exit, stderr], [0, ""]);
      assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(jsonSchemaOf(kind))));
    }
  });

  it("when the reader of the result goes away, then nothing is said", async () => {
    const script = '"$0" "$1" schema Policy | head -n 1; echo "$PIPESTATUS"';
    const { stdout, stderr } = await run("bash", ["-c", script, process.execPath, ELEVATE], where);
    assert.deepEqual([stdout, stderr], ["{\n0\n", ""]);
  });

  it("when the result can't be written, then the exit code is 4", async () => {
    const script = 'exec "$0" "$1" schema Policy > /dev/full';
    assert.deepEqual(await run("bash", ["-c", script, process.execPath, ELEVATE], where), {
      exit: 4,
      stdout: "",
      stderr: "error: the result cannot be written (ENOSPC)\n",
    });
  });
}).timeout(TIMEOUT);
