// SPDX-License-Identifier: Apache-2.0
import type { Actor } from "@elevation/domain";
import {
  anchorProblems,
  findProjectRoot,
  loadJudge,
  openJournal,
  type StackConfig,
  servedEnvironments,
} from "../settings";
import { createTargets } from "../targets";
import { once, type World } from "./world";

/** What a process brings to the real world, besides its environment. */
export interface Process {
  readonly config: StackConfig;
  readonly actor: Actor;
  readonly say: (line: string) => void;
}

/** The real world: this machine's clock, the documents of the project, the journal and targets that the environment names. */
export function createWorld(env: Record<string, string | undefined>, { config, actor, say }: Process): World {
  const root = once(() => findProjectRoot(process.cwd()));
  const journal = once(() => openJournal(env, say));
  return {
    clock: () => Date.now(),
    judge: once(() => loadJudge(root(), config)),
    journal: () => journal(),
    targets: createTargets(env),
    environments: () => servedEnvironments(config),
    anchorProblems: () => anchorProblems(config, env),
    actor,
    say,
  };
}
