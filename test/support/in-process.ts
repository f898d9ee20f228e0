// SPDX-License-Identifier: Apache-2.0
import { run, type Terminal } from "@elevation/cli";

/** What a command said, run in this process. */
export interface Said {
  readonly exit: number;
  readonly stdout: string;
  /** One line for people each. */
  readonly stderr: readonly string[];
}

/** Every colour leaves a text as it is. */
const PLAIN = new Proxy({}, { get: () => (text: string) => text }) as Terminal["colours"];

/** Runs `elevate` in this process, without colours; nothing of this process's environment reaches it. */
export async function elevateHere(
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Said> {
  const [out, stderr]: [string[], string[]] = [[], []];
  const terminal: Terminal = {
    env,
    cwd,
    colours: PLAIN,
    print: (text) => void out.push(`${text}\n`),
    printJson: (value) => void out.push(`${JSON.stringify(value, null, 2)}\n`),
    say: (line) => void stderr.push(line),
  };
  const exit = await run(args, terminal);
  return { exit, stdout: out.join(""), stderr };
}
