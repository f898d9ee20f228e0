// SPDX-License-Identifier: Apache-2.0
export {
  isLocked,
  type Looked,
  lookAtStack,
  type Ran,
  type Refusal,
  type RunPulumi,
  WITHOUT_CHECKPOINTS,
} from "./look";
export { findProjectRoot, ProjectError, readProjectName, readStackFiles, type StackFile } from "./project";
export { type HeldGrant, laterOf, type StateSummary, summarizeState } from "./state-summary";
