// SPDX-License-Identifier: Apache-2.0

import { EXIT } from "./exit";
import { run } from "./run";
import { processTerminal } from "./terminal";

// A reader that went away (`elevate status | head`) is no fault; a full disk is one.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  process.exitCode = EXIT.storeFailed;
  process.stderr.write(`error: the result cannot be written (${error.code ?? "unknown error"})\n`);
});
process.stderr.on("error", () => undefined);

void run(process.argv.slice(2), processTerminal()).then((exit) => {
  process.exitCode ??= exit;
});
