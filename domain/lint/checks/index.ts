// SPDX-License-Identifier: Apache-2.0
import type { LintCheck } from "../lint-check";
import { approvalsImpossible } from "./approvals-impossible";
import { breakGlassBlocked } from "./break-glass-blocked";
import { breakGlassReview } from "./break-glass-review";
import { breakGlassTooBroad } from "./break-glass-too-broad";
import { conflictMoot } from "./conflict-moot";
import { defaultRefused } from "./default-refused";
import { denyOver } from "./deny-over";
import { environmentUnbounded } from "./environment-unbounded";
import { environmentUnused } from "./environment-unused";
import { identityMissing } from "./identity-missing";
import { jobFunctionEmpty } from "./job-function-empty";
import { minAboveHeld } from "./min-above-held";
import { noDurationFits } from "./no-duration-fits";
import { noTarget } from "./no-target";
import { nobodyMatches } from "./nobody-matches";
import { roleUnreachable } from "./role-unreachable";
import { ruleDenied } from "./rule-denied";
import { ruleShadowed } from "./rule-shadowed";
import { ruleTooBroad } from "./rule-too-broad";
import { ruleUnguarded } from "./rule-unguarded";
import { ruleUntested } from "./rule-untested";
import { standingAccess } from "./standing-access";
import { ticketUnanchored } from "./ticket-unanchored";
import { unknownName } from "./unknown-name";

/** Every check: what never decides, what nobody gets, what is too wide, what is left over. */
export const LINT_CHECKS: readonly LintCheck[] = [
  unknownName,
  ruleShadowed,
  ruleDenied,
  nobodyMatches,
  noTarget,
  noDurationFits,
  minAboveHeld,
  defaultRefused,
  approvalsImpossible,
  roleUnreachable,
  environmentUnused,
  identityMissing,
  ruleTooBroad,
  ruleUnguarded,
  standingAccess,
  environmentUnbounded,
  ticketUnanchored,
  breakGlassTooBroad,
  breakGlassBlocked,
  breakGlassReview,
  ruleUntested,
  conflictMoot,
  denyOver,
  jobFunctionEmpty,
];
