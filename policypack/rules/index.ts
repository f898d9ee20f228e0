// SPDX-License-Identifier: Apache-2.0
import type { Rule } from "../define-rule";
import { approvalsGiven } from "./approvals-given";
import { breakGlassJustified } from "./break-glass-justified";
import { breakGlassReviewed } from "./break-glass-reviewed";
import { cooldownOver } from "./cooldown-over";
import { deniedWindow } from "./denied-window";
import { dutiesSeparated } from "./duties-separated";
import { endsWatched } from "./ends-watched";
import { environmentAccess } from "./environment-access";
import { extensionAllowed } from "./extension-allowed";
import { grantOptions } from "./grant-options";
import { grantShell } from "./grant-shell";
import { grantsAllJudged } from "./grants-all-judged";
import { grantsAllowedTogether } from "./grants-allowed-together";
import { identityKnown } from "./identity-known";
import { journalRead } from "./journal-read";
import { limitsKept } from "./limits-kept";
import { outliveBounded } from "./outlive-bounded";
import { reasonSufficient } from "./reason-sufficient";
import { requestAllowed } from "./request-allowed";
import { requestInPlace } from "./request-in-place";
import { requestProven } from "./request-proven";
import { requestSpent } from "./request-spent";
import { requestWellFormed } from "./request-well-formed";
import { roleConstraint } from "./role-constraint";
import { targetServed } from "./target-served";
import { ticketValid } from "./ticket-valid";
import { timeBoundary } from "./time-boundary";

/** Every rule of the pack, in the order in which they run. */
export const rules: readonly Rule[] = [
  requestWellFormed,
  requestProven,
  roleConstraint,
  environmentAccess,
  timeBoundary,
  reasonSufficient,
  ticketValid,
  approvalsGiven,
  cooldownOver,
  breakGlassJustified,
  deniedWindow,
  limitsKept,
  dutiesSeparated,
  extensionAllowed,
  identityKnown,
  outliveBounded,
  targetServed,
  requestInPlace,
  requestAllowed,
  requestSpent,
  journalRead,
  grantOptions,
  grantShell,
  grantsAllJudged,
  grantsAllowedTogether,
  breakGlassReviewed,
  endsWatched,
];
