// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { join } from "node:path";

/** How a command ended, and the end of what it printed on both streams. */
export interface Finished {
  /** Exit code; undefined when it was ended from outside or could not be started. */
  readonly code: number | undefined;
  /** Everything on stdout. */
  readonly stdout: string;
  /** Last lines of stdout and stderr together, oldest first, without empty ones. */
  readonly lastLines: readonly string[];
  /** Why it was ended or not started. */
  readonly ended?: "silence" | "time" | "interrupted" | "missing";
}

export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly onLine?: (line: string) => void;
  /** Ends the command after so long. */
  readonly timeoutMs?: number;
  /** Ends the command when `sign` has not changed, and nothing was printed, for so long. */
  readonly silence?: { readonly limitMs: number; readonly sign: () => unknown } | undefined;
  /** Ends the command when it is aborted. */
  readonly abort?: AbortSignal | undefined;
}

const keptLines = 30;
const guard = join(__dirname, "guard.js");

/**
 * Runs a command to its end under a guard: it ends, with everything that it started, when its time is over or when this
 * process does, SIGKILL included. Never rejects.
 */
export function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<Finished> {
  const child = spawn(process.execPath, [guard, command, ...args], {
    cwd: options.cwd,
    env: options.env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let ended: Finished["ended"];
  let lastSign = Date.now();
  const lastLines: string[] = [];
  const onLine = (line: string) => {
    lastSign = Date.now();
    if (line.trim() === "") return;
    lastLines.push(line);
    if (lastLines.length > keptLines) lastLines.shift();
    options.onLine?.(line);
  };
  const end = (why: NonNullable<Finished["ended"]>) => {
    ended ??= why;
    child.stdin.end();
  };
  child.stdin.on("error", () => undefined);
  child.stdout.on("data", (text: Buffer) => {
    stdout += text.toString();
  });
  const streams = [eachLine(child.stdout, onLine), eachLine(child.stderr, onLine)];
  const timers = watch(options, end, () => lastSign);
  const onAbort = () => end("interrupted");
  options.abort?.addEventListener("abort", onAbort);
  if (options.abort?.aborted) onAbort();
  return new Promise((resolve) => {
    child.on("error", () => end("missing"));
    child.on("close", (code) => {
      for (const timer of timers) clearInterval(timer);
      options.abort?.removeEventListener("abort", onAbort);
      for (const flush of streams) flush();
      if (code === missingCommand && ended === undefined) ended = "missing";
      const result = { code: ended === undefined && code !== null ? code : undefined, stdout, lastLines };
      resolve(ended === undefined ? result : { ...result, ended });
    });
  });
}

/** The guard's exit code for a command that isn't there. */
export const missingCommand = 127;

function watch(
  options: CommandOptions,
  end: (why: "silence" | "time") => void,
  lastSign: () => number,
): NodeJS.Timeout[] {
  const timers: NodeJS.Timeout[] = [];
  if (options.timeoutMs !== undefined) timers.push(setTimeout(() => end("time"), options.timeoutMs));
  const { silence } = options;
  if (silence !== undefined) {
    let seen = silence.sign();
    let seenAt = Date.now();
    const look = () => {
      const now = silence.sign();
      if (now !== seen) [seen, seenAt] = [now, Date.now()];
      if (Date.now() - Math.max(seenAt, lastSign()) >= silence.limitMs) end("silence");
    };
    timers.push(setInterval(look, Math.min(1000, silence.limitMs / 4)));
  }
  return timers;
}

/** Calls `onLine` for every line, ended by a line feed or, as progress meters do, by a carriage return. */
function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): () => void {
  let rest = "";
  stream.on("data", (text: Buffer) => {
    const lines = (rest + text.toString()).split(/[\r\n]+/);
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  return () => {
    if (rest !== "") onLine(rest);
    rest = "";
  };
}
