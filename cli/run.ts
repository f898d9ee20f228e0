// SPDX-License-Identifier: Apache-2.0

import type { BadDocuments } from "./documents";
import { CommandError, EXIT, type ExitCode } from "./exit";
import { makeProgram } from "./program";
import type { Terminal } from "./terminal";

/** Runs one command line (without node and script). Never rejects: whatever happens is said on stderr, as an exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exit: ExitCode = EXIT.yes;
  const program = makeProgram(terminal, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exit;
  } catch (error) {
    return report(error, args.includes("--json"), terminal);
  }
}

function report(error: unknown, isJson: boolean, terminal: Terminal): ExitCode {
  if (isUsage(error)) return error.exitCode === 0 ? EXIT.yes : EXIT.badInput;
  if (isBadDocuments(error)) return reportProblems(error, isJson, terminal);
  const isKnown = error instanceof CommandError;
  const message = error instanceof Error ? error.message : String(error);
  terminal.say(isKnown ? `error: ${message}` : `error: unexpected: ${message}; set \`ELEVATION_DEBUG=1\` to see where`);
  if (terminal.env["ELEVATION_DEBUG"] === "1" && error instanceof Error) {
    for (const line of (error.stack ?? "").split("\n")) terminal.say(line);
  }
  return isKnown ? error.exit : EXIT.storeFailed;
}

function reportProblems({ problems }: BadDocuments, isJson: boolean, terminal: Terminal): ExitCode {
  for (const { file, line, column, message } of problems) {
    terminal.say(line === 0 ? `${file}: ${message}` : `${file}:${line}:${column}: ${message}`);
  }
  if (isJson) terminal.printJson({ problems });
  return EXIT.badInput;
}

// By their names: the modules of these errors load only with the commands that throw them.
function isBadDocuments(error: unknown): error is BadDocuments {
  return error instanceof Error && error.name === "BadDocuments";
}

/** commander has said on stderr what is wrong (or on stdout what was asked for). */
function isUsage(error: unknown): error is { exitCode: number } {
  return (
    error instanceof Error && "code" in error && typeof error.code === "string" && error.code.startsWith("commander.")
  );
}
