// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops access that is open longer than the work takes, or at a time when nobody watches. */
export const timeBoundary = defineRule({
  id: "time-boundary",
  description: "Access lasts only as long, and starts only when, a rule allows",
  enforcement: "mandatory",
  severity: "high",
  reports: ["request-not-yet", "start-too-late", "duration-too-short", "duration-too-long", "outside-hours"],
});
