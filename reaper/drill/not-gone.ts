// SPDX-License-Identifier: Apache-2.0
import { type Instant, quote, renderDuration } from "@elevation/domain";
import { type Drill, DrillFault } from "./drill";
import type { Seen, SeenEnd } from "./watch-end";

/** How long after a grant's end neither the open session nor a new login had the access any more, in milliseconds; null: that was not seen. */
export function lateOf({ login, session }: SeenEnd, end: Instant): number | null {
  return login.gone === null || session.gone === null ? null : Math.max(login.gone, session.gone) - end;
}

/** What is wrong where the access was not seen to be gone in time. INVARIANT: it is called open only where a look said so. */
export function notGone(drill: Drill, seen: SeenEnd, end: Instant): DrillFault {
  const { endsWithin } = drill;
  const places: readonly (readonly [string, Seen])[] = [
    ["by a new login", seen.login],
    ["in the open session", seen.session],
  ];
  const late = places.filter(([, { gone }]) => gone === null || gone - end > endsWithin);
  const open = late.filter(([, { there }]) => there !== null);
  if (open.length === 0) return untold(drill, late, end);
  const toTheLast = open.filter(([, { gone, fault }]) => gone === null && fault === null);
  const said = toTheLast.length > 0 ? toTheLast : open;
  const until = toTheLast.length > 0 ? endsWithin : Math.max(...open.map(([, { there }]) => (there ?? end) - end));
  const where = said.map(([place]) => place).join(" and ");
  const then = toTheLast.length > 0 ? "" : afterwards(open, end);
  return new DrillFault(
    "still-open",
    `what ${quote(drill.role)} gives could still be used ${renderDuration(until)} after its expiry, ${where}${then}; see \`elevate status\` for why it was not ended, and who else gave it to her`,
    { lateMs: Math.max(endsWithin, lateOf(seen, end) ?? 0) },
  );
}

/** What came after the last look that saw the access. */
function afterwards(open: readonly (readonly [string, Seen])[], end: Instant): string {
  const fault = open.map(([, seen]) => seen.fault).find((fault) => fault !== null);
  if (fault !== undefined) return `, and since then can't be told (${fault.message})`;
  const gone = Math.max(...open.map(([, seen]) => (seen.gone ?? end) - end));
  return `, and was not seen to be gone before ${renderDuration(gone)} after it`;
}

function untold({ endsWithin }: Drill, late: readonly (readonly [string, Seen])[], end: Instant): DrillFault {
  const fault = late.map(([, seen]) => seen.fault).find((fault) => fault !== null);
  if (fault !== undefined)
    return new DrillFault(fault.failure, `whether the access has ended can't be told: ${fault.message}`);
  const isByLogin = late.some(([place]) => place === "by a new login");
  const gone = late.map(([, seen]) => seen.gone).find((gone) => gone !== null);
  const first =
    gone === undefined ? "no look told anything" : `the first look took until ${renderDuration(gone - end)} after it`;
  return new DrillFault(
    isByLogin ? "login-failed" : "probe-failed",
    `whether the access had ended ${renderDuration(endsWithin)} after its expiry can't be told: ${first}`,
  );
}
