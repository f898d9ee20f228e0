// SPDX-License-Identifier: Apache-2.0
import pico from "picocolors";
import { neutral, safeJson } from "./neutral";

/** What a command sees of its process. Only results go to stdout; everything else is said on stderr. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly colours: ReturnType<typeof pico.createColors>;
  /** The result, laid out by us; parts that others wrote are {@link neutral} already. */
  print(text: string): void;
  /** The result for programs. */
  printJson(value: unknown): void;
  /** One line for people on stderr. */
  say(line: string): void;
}

export function processTerminal(): Terminal {
  return {
    env: process.env,
    cwd: process.cwd(),
    colours: pico.createColors(isColourWanted(process.env, process.stdout)),
    print: (text) => void process.stdout.write(`${text}\n`),
    printJson: (value) => void process.stdout.write(`${safeJson(value)}\n`),
    say: (line) => void process.stderr.write(`${neutral(line)}\n`),
  };
}

/**
 * Colour only on a terminal, unless `FORCE_COLOR` or `NO_COLOR` (which wins) is set and not empty.
 * NB. Not what picocolors finds by itself: that also colours wherever `CI` is set, and so what CI pipes into files.
 */
export function isColourWanted(
  env: Readonly<Record<string, string | undefined>>,
  stream: { readonly isTTY?: boolean },
): boolean {
  if (env["NO_COLOR"]) return false;
  if (env["FORCE_COLOR"]) return true;
  return stream.isTTY === true && env["TERM"] !== "dumb";
}
