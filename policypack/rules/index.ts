// SPDX-License-Identifier: Apache-2.0
import type { Rule } from "../define-rule";
import { deniedWindow } from "./denied-window";
import { environmentAccess } from "./environment-access";
import { grantOptions } from "./grant-options";
import { grantShell } from "./grant-shell";
import { grantsAllJudged } from "./grants-all-judged";
import { identityKnown } from "./identity-known";
import { journalRead } from "./journal-read";
import { reasonSufficient } from "./reason-sufficient";
import { requestAllowed } from "./request-allowed";
import { requestInPlace } from "./request-in-place";
import { requestSpent } from "./request-spent";
import { requestWellFormed } from "./request-well-formed";
import { roleConstraint } from "./role-constraint";
import { targetServed } from "./target-served";
import { ticketValid } from "./ticket-valid";
import { timeBoundary } from "./time-boundary";

/** Every rule of the pack, in the order in which they run. */
export const rules: readonly Rule[] = [
  requestWellFormed,
  roleConstraint,
  environmentAccess,
  timeBoundary,
  reasonSufficient,
  ticketValid,
  deniedWindow,
  identityKnown,
  targetServed,
  requestInPlace,
  requestAllowed,
  requestSpent,
  journalRead,
  grantOptions,
  grantShell,
  grantsAllJudged,
];
