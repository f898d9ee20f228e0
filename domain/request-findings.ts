// SPDX-License-Identifier: Apache-2.0
import { placeOf } from "./form-findings";
import type { Finding } from "./parsed";
import { field, type Spot } from "./spot";

/** What is wrong with a request besides its form. */
export function requestFindings(request: Spot): Finding[] {
  return specFindings(field(request, "spec"));
}

/** Fields of a request's `spec` that exclude each other (design §4.3, §5 "Extension"). */
export function specFindings(spec: Spot): Finding[] {
  const startAt = field(spec, "startAt");
  const extended = field(spec, "extends");
  const isBreakGlass = field(spec, "breakGlass").value === true;
  const findings: Finding[] = [];
  const refuse = (spot: Spot, why: string) =>
    findings.push({ path: spot.path, at: "key", message: `${placeOf(spot.path)} is given ${why}; leave it out` });
  if (isBreakGlass && startAt.value !== undefined) refuse(startAt, "in a break-glass request, which starts at once");
  if (isBreakGlass && extended.value !== undefined)
    refuse(extended, "in a break-glass request, which prolongs nothing");
  if (!isBreakGlass && extended.value !== undefined && startAt.value !== undefined) {
    refuse(startAt, "beside `extends`, which starts when the other grant ends");
  }
  return findings;
}
