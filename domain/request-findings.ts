// SPDX-License-Identifier: Apache-2.0
import type { Finding } from "./parsed";
import { field, type Spot } from "./spot";

/** Fields of a request that exclude each other (design §4.3, §5 "Extension"). */
export function requestFindings(request: Spot): Finding[] {
  const spec = field(request, "spec");
  const startAt = field(spec, "startAt");
  const extended = field(spec, "extends");
  const isBreakGlass = field(spec, "breakGlass").value === true;
  const findings: Finding[] = [];
  const refuse = (spot: Spot, message: string) => findings.push({ path: spot.path, at: "key", message });
  if (isBreakGlass && startAt.value !== undefined) {
    refuse(startAt, "`spec.startAt` is given in a break-glass request, which starts at once; leave it out");
  }
  if (isBreakGlass && extended.value !== undefined) {
    refuse(extended, "`spec.extends` is given in a break-glass request, which prolongs nothing; leave it out");
  }
  if (!isBreakGlass && extended.value !== undefined && startAt.value !== undefined) {
    refuse(startAt, "`spec.startAt` is given beside `extends`, which starts when the other grant ends; leave it out");
  }
  return findings;
}
