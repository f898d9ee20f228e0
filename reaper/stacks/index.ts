// SPDX-License-Identifier: Apache-2.0
export { CatchUp, type CatchUpOptions, type StacksEvent } from "./catch-up";
export { runEngine } from "./engine-run";
export { type Forgetting, forgetEnded, isBehind } from "./forget-ended";
export { locksOf, type StackLock } from "./locks";
export {
  isLocked,
  type Looked,
  lookAtStack,
  type Ran,
  type Refusal,
  type RunPulumi,
  WITHOUT_CHECKPOINTS,
} from "./look";
export { type OpenedProject, openProject } from "./open-stacks";
export { findProjectRoot, ProjectError, readProjectName, readStackFiles, type StackFile } from "./project";
export { type HeldGrant, laterOf, type StateSummary, summarizeState } from "./state-summary";
export { summarizeAside } from "./state-thread";
export { type Survey, type SurveyedStack, surveyStacks } from "./survey";
