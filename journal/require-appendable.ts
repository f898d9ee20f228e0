// SPDX-License-Identifier: Apache-2.0
import { type Digest, digestOf, type NewEvent } from "@elevation/domain";
import type { GrantRecord } from "./grant-record";
import type { JournalView } from "./journal-view";

type Known = Pick<GrantRecord, "status" | "activated">;

/**
 * Throws TypeError for events that contradict what the journal says, so that no fault of a caller can write them into a
 * chain that can't be mended. INVARIANT (single use): a digest whose grant ended is never activated again.
 */
export function requireAppendable(events: readonly NewEvent[], view: JournalView): void {
  const changed = new Map<Digest, Known>();
  requireNewOrders(events, view);
  for (const { type, request } of events) {
    const known = request === null ? null : (changed.get(request) ?? view.grant(request));
    const contradiction = contradictionOf(type, known);
    if (contradiction !== null) throw new TypeError(`\`${type}\` of ${request} cannot be journaled: ${contradiction}`);
    if (request === null) continue;
    if (type === "activating" && known?.status !== "live") changed.set(request, { status: "live", activated: false });
    if (type === "activated") changed.set(request, { status: "live", activated: true });
    if (type === "failed" && known !== null && known.status === "live")
      changed.set(request, { ...known, status: "failed" });
    if ((type === "revoked" || type === "expired") && known !== null)
      changed.set(request, { ...known, status: "ended" });
  }
}

function contradictionOf(type: NewEvent["type"], known: Known | null): string | null {
  if (type === "opened") return "a journal is opened once, when it is made";
  if (type === "activating" && known?.status === "ended")
    return "its grant ended, and a request opens access at most once";
  if (type === "activated" && known?.status !== "live") return "no open intent of it is in the journal";
  if (type === "failed" && known?.status === "live" && known.activated) return "its access was open; revoke it";
  return null;
}

/** INVARIANT (an order once): no order is obeyed twice and recorded twice, whoever brings it again. */
function requireNewOrders(events: readonly NewEvent[], view: JournalView): void {
  const before = new Set<string>();
  for (const event of events) {
    if (event.type !== "order") continue;
    const { payload } = event.data.order;
    const names = [digestOf(payload), `${event.actor.key} ${payload.id}`];
    if (view.order(payload, event.actor.key) !== null || names.some((name) => before.has(name)))
      throw new TypeError(`order ${payload.id} cannot be journaled: it was before`);
    for (const name of names) before.add(name);
  }
}
