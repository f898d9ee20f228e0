// SPDX-License-Identifier: Apache-2.0
// Started as `node guard.js COMMAND ARG…`: runs the command in a process group of its own and ends the whole group when
// our standard input closes, which it does when the process at its other end ends, even by SIGKILL. A builder that is
// killed thus leaves no compiler behind that would go on writing into a folder that somebody removes.
import { spawn } from "node:child_process";

const [command = "", ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"], detached: true });

const endGroup = () => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group has ended by itself.
  }
};

process.stdin.resume();
process.stdin.on("end", endGroup);
process.stdin.on("error", endGroup);
// A terminal's Ctrl-C reaches us as well as the one that started us, who decides: wait for it to close our input.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
child.on("error", () => process.exit(127));
child.on("exit", (code) => {
  endGroup();
  process.exit(code ?? 1);
});
