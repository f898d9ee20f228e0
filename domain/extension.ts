// SPDX-License-Identifier: Apache-2.0
import type { Verdict } from "./allow-rules";
import type { Case } from "./case";
import { type Found, NONE } from "./found";
import * as violation from "./violation";

/** Whether a request may prolong the grant that it names (design §5 "Extension"), one violation for each condition that fails. */
export function extensionViolations(kase: Case, { rule, allow, duration }: Verdict): Found {
  const named = kase.request.spec.extends;
  if (named === undefined) return NONE;
  const { extended } = kase;
  if (extended === null) return [violation.extendsNothing(kase, named, kase.live.ofRequest(named))];
  if (allow === null || allow.extensions === null) return [violation.noExtensions(kase, rule)];
  const { max, upTo } = allow.extensions;
  const before = extended.extensions ?? 0;
  return [
    ...(before >= max ? [violation.tooManyExtensions(kase, allow.id, before, max)] : []),
    ...(duration > upTo.milliseconds ? [violation.extensionTooLong(kase, allow.id, duration, upTo)] : []),
  ];
}
