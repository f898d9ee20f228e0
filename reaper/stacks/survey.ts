// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonOf } from "@elevation/provider/lifecycle";
import { promise as queueOf } from "fastq";
import { locksOf, type StackLock } from "./locks";
import { lookAtStack, type RunPulumi } from "./look";
import type { OpenedProject } from "./open-stacks";
import { readStackFiles, type StackFile } from "./project";
import type { HeldGrant } from "./state-summary";

/** What is found out about a stack without changing anything. */
export interface SurveyedStack {
  readonly name: string;
  /** Whether it has a file, and which environments that lists. */
  readonly hasFile: boolean;
  readonly environments: readonly string[];
  /** The Grants in its state; null where the state can't be read. */
  readonly held: readonly HeldGrant[] | null;
  /** When its last `up`, and its last refresh, ended well; null where none of its last runs was one. */
  readonly updatedAt: string | null;
  readonly refreshedAt: string | null;
  /** Null: this backend doesn't tell. */
  readonly locks: readonly StackLock[] | null;
  /** Why no engine may or can be run on it; whole sentences. */
  readonly problems: readonly string[];
}

export interface Survey {
  /** By name. */
  readonly stacks: readonly SurveyedStack[];
  /** Why the backend could not be asked; null where it could. */
  readonly problem: string | null;
}

/** How many runs of a stack are looked through. */
const RUNS = "20";

/**
 * Looks at every stack of a project that has a file or that the backend knows, so many at the same time. What is wrong with one is said
 * of that one. Runs no code of a state, takes no lock. Throws ProjectError.
 */
export async function surveyStacks(project: OpenedProject, atOnce: number): Promise<Survey> {
  const files = new Map(readStackFiles(project.root).map((file) => [file.name, file]));
  let backend: Backend;
  try {
    backend = await askBackend(project.pulumi);
  } catch (error) {
    const unknown = { held: null, updatedAt: null, refreshedAt: null, locks: null };
    const stacks = [...files.values()].map((file) => ({ ...fileOf(file.name, file), ...unknown }));
    return { stacks, problem: reasonOf(error) };
  }
  const names = [...new Set([...files.keys(), ...backend.stacks.keys()])].sort();
  const folder = mkdtempSync(join(tmpdir(), "elevation-survey-"));
  try {
    const survey = (name: string) => surveyStack(project, backend, name, files.get(name), join(folder, `${name}.json`));
    const queue = queueOf(survey, atOnce);
    return { stacks: await Promise.all(names.map((name) => queue.push(name))), problem: null };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Backend {
  readonly url: string;
  /** By name: whether another run is at work on it, as far as the backend tells. */
  readonly stacks: ReadonlyMap<string, boolean>;
}

async function askBackend(pulumi: RunPulumi): Promise<Backend> {
  const { url } = (await askJson(pulumi, ["whoami", "--json"])) as { url?: string };
  const stacks = (await askJson(pulumi, ["stack", "ls", "--json"])) as { name: string; updateInProgress?: boolean }[];
  return {
    url: url ?? "",
    stacks: new Map(
      stacks.map(({ name, updateInProgress }) => [name.split("/").at(-1) ?? name, updateInProgress === true]),
    ),
  };
}

async function surveyStack(
  { pulumi, name: project }: OpenedProject,
  backend: Backend,
  name: string,
  file: StackFile | undefined,
  exported: string,
): Promise<SurveyedStack> {
  const { problems, ...said } = fileOf(name, file);
  try {
    const { state, refusal } = await lookAtStack(pulumi, name, exported);
    const isMade = refusal?.kind !== "unmade";
    const runs = isMade ? await runsOf(pulumi, name) : { updatedAt: null, refreshedAt: null };
    const inProgress = backend.stacks.get(name) === true ? [{ by: "another run", since: null }] : null;
    return {
      ...{ ...said, ...runs, held: state?.held ?? null },
      locks: inProgress ?? locksOf(backend.url, project, name),
      problems: [...problems, ...(refusal?.reasons ?? [])],
    };
  } catch (error) {
    const unknown = { held: null, updatedAt: null, refreshedAt: null, locks: null };
    return { ...said, ...unknown, problems: [...problems, `stack \`${name}\`: ${reasonOf(error)}`] };
  }
}

function fileOf(
  name: string,
  file: StackFile | undefined,
): Pick<SurveyedStack, "name" | "hasFile" | "environments" | "problems"> {
  const problem = file?.problem ?? null;
  return {
    ...{ name, hasFile: file !== undefined, environments: file?.environments ?? [] },
    problems: problem === null ? [] : [`stack \`${name}\`: ${problem}`],
  };
}

interface Run {
  readonly kind: string;
  readonly result: string;
  readonly endTime?: string;
}

async function runsOf(pulumi: RunPulumi, stack: string): Promise<Pick<SurveyedStack, "updatedAt" | "refreshedAt">> {
  const args = ["stack", "history", "--json", "--page-size", RUNS, "--stack", stack];
  const runs = ((await askJson(pulumi, args)) ?? []) as readonly Run[];
  const last = (kind: string) => runs.find((run) => run.kind === kind && run.result === "succeeded")?.endTime ?? null;
  return { updatedAt: last("update"), refreshedAt: last("refresh") };
}

async function askJson(pulumi: RunPulumi, args: readonly string[]): Promise<unknown> {
  const { code, stdout, output } = await pulumi(args, { quiet: true });
  if (code === 0) return JSON.parse(stdout);
  throw new Error(`\`pulumi ${args.slice(0, 2).join(" ")}\` ended with ${code}: ${output.trim()}`);
}
