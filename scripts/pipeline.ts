// SPDX-License-Identifier: Apache-2.0
import { Command, InvalidArgumentError } from "commander";
import { deploy } from "./pipeline/deploy";
import { destroy } from "./pipeline/destroy";
import { EXIT, type ExitCode } from "./pipeline/exit";
import { type Job, openJob } from "./pipeline/job";
import { preview } from "./pipeline/preview";
import { recover } from "./pipeline/recover";
import { schedule } from "./pipeline/schedule";

// The steps of the pipeline (design §6, §7), one command each; docs/operations.md says when to run which, and what the exit
// codes mean. `node scripts/dist/pipeline.js --help` lists them.

interface Options {
  readonly stack: readonly string[];
  readonly publish?: string;
  /** Seconds. */
  readonly wait: number;
  readonly parallel: number;
}

interface PreviewArguments extends Options {
  readonly requests: string;
  readonly documents?: string;
  readonly failOnWider?: boolean;
  readonly sarif?: string;
  readonly published?: string;
  readonly summary?: string;
  readonly pull?: number;
}

/** An engine and its plugins take about a core and 300 MB. */
const PARALLEL = 2;

/** The steps that hold credentials and may publish. */
const WORKING = [
  ["deploy", "on merge: end what is expired or withdrawn, grant what is allowed", deploy],
  ["recover", "after a crashed run: unlock, end, deploy again, forget pending creates", recover],
] as const;

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

function main(): Promise<unknown> {
  const program = new Command("pipeline")
    .description("The steps of the pipeline: what CI and schedules run.")
    .helpCommand(false)
    .exitOverride();
  const step = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option("--stack <name>", "only this stack; may be repeated", collect, [])
      .option("--wait <seconds>", "how long to wait for a stack that another run has locked", seconds, 0)
      .option("--parallel <number>", "on how many stacks the engine runs at the same time", count, PARALLEL);
  for (const [name, description, run] of WORKING) {
    step(name, description)
      .option("--publish <folder>", "write copies of states and journal there, for previews")
      .action(async ({ publish, ...options }: Options) => end(await run(await open(options), publish ?? null)));
  }
  step("schedule", "every few minutes: end what is expired, and let the stacks forget it")
    .option("--publish <folder>", "write copies of states and journal there, for previews")
    .option("--every <duration>", "how often it runs: after twice that, silence is told", "PT5M")
    .action(async ({ publish, every, ...options }: Options & { readonly every: string }) =>
      end(await schedule(await open(options), publish ?? null, every)),
    );
  step("destroy", "end every grant of the stacks").action(async (options: Options) =>
    end(await destroy(await open(options))),
  );
  step("preview", "of a pull request: what it would do, without any credential")
    .requiredOption("--requests <folder>", "the pull request's stacks/requests")
    .option("--documents <folder>", "a checkout of the pull request: study its policy, directory and policy tests")
    .option("--fail-on-wider", "fail where these give anybody more access")
    .option("--sarif <file>", "write what lint finds in them as SARIF 2.1.0")
    .option("--published <folder>", "copies of states and journal, from deploy and schedule")
    .option("--summary <file>", "append the Markdown to this file, instead of printing it")
    .option("--pull <number>", "keep one comment on this pull request up to date", pullNumber)
    .action(async ({ stack: stacks, requests, failOnWider: failsWider = false, ...options }: PreviewArguments) => {
      const { documents = null, sarif = null, published = null, summary = null, pull = null } = options;
      end(await preview({ stacks, requests, documents, failsWider, sarif, published, summary, pull }));
    });
  return program.parseAsync();
}

function open({ stack, wait, parallel }: Options): Promise<Job> {
  return openJob(stack, { lockWait: wait * 1_000, parallel });
}

function count(text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It takes a number from 1 to 99.");
}

function seconds(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It takes whole seconds, as in 300.");
}

function pullNumber(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It takes the number of a pull request.");
}

function end(code: ExitCode): void {
  process.exitCode = code;
}

main().catch((error: unknown) => {
  const { name, exit, exitCode, message, code } = error as Partial<Record<"name" | "message" | "code", string>> &
    Partial<Record<"exit" | "exitCode", number>>;
  if (code?.startsWith("commander.") === true) {
    process.exitCode = exitCode === 0 ? EXIT.yes : EXIT.badInput;
    return;
  }
  process.stderr.write(`error: ${message ?? String(error)}\n`);
  process.exitCode = name === "ProjectError" ? EXIT.badInput : (exit ?? EXIT.storeFailed);
});
