// SPDX-License-Identifier: Apache-2.0
import {
  type Digest,
  digestOf,
  formatInstant,
  type NewEvent,
  type Order,
  parseInstant,
  quote,
  type Standing,
} from "@elevation/domain";
import type { JournalView } from "@elevation/journal";
import { asError, eventHeader, journalCall, reasonOf, tryTrustedView, type World } from "./world";

/** What came of recording an order; `why` is a whole sentence. */
export type OrderRecorded =
  | { readonly is: "recorded" }
  | { readonly is: "refused"; readonly why: string }
  /** The journal could not be told. */
  | { readonly is: "unrecorded"; readonly why: string };

/** Why the journal keeps an order from being obeyed; null where it doesn't. A whole sentence. */
export type OrderCheck = (view: JournalView) => string | null;

/**
 * An order belongs to one journal, whose history begins when it was opened, and is obeyed once, whoever signs it again. `key`: of its
 * signer, whose `id`s are theirs alone: nobody can use up those of others.
 */
export function historyFault({ payload }: Order, key: string, view: JournalView): string | null {
  const { id, by, at } = payload;
  const refused = `order ${quote(id)} of ${quote(by)} is refused`;
  const before = view.order(payload, key);
  if (before !== null && before.digest === digestOf(payload))
    return `${refused}: it was obeyed before (event ${before.seq} of the journal), and an order is obeyed once; sign another one`;
  if (before !== null)
    return `${refused}: another order of its key had its \`id\` (event ${before.seq} of the journal); sign it again with another one`;
  if ((parseInstant(at) ?? 0) >= view.openedAt) return null;
  return `${refused}: it is dated ${quote(at)}, and the journal was opened at ${formatInstant(view.openedAt)} and knows nothing older; sign it again`;
}

/** Journals that an order was obeyed, as one step with the last check of it. Never rejects. Idempotent: an `id` is recorded once. */
export async function recordOrder(
  world: World,
  order: Order,
  signed: { readonly key: string; readonly standing: Standing },
  check: OrderCheck,
): Promise<OrderRecorded> {
  const trusted = await tryTrustedView(world, null, "recording");
  if (trusted instanceof Error) return { is: "unrecorded", why: reasonOf(trusted) };
  const { key, standing } = signed;
  const event = {
    at: formatInstant(world.clock()),
    type: "order",
    request: (order.payload.request as Digest | undefined) ?? null,
    actor: { kind: "person", key },
    data: { order, standing },
  } as const;
  try {
    const { result } = await journalCall(() =>
      trusted.journal.step((view) => {
        const fault = historyFault(order, key, view) ?? check(view);
        return { events: fault === null ? [event, ...withdrawal(world, order, view)] : [], result: fault };
      }),
    );
    return result === null ? { is: "recorded" } : { is: "refused", why: result };
  } catch (error) {
    return { is: "unrecorded", why: reasonOf(asError(error)) };
  }
}

/** What an order revokes before its start waits for it no more. */
function withdrawal(world: World, { payload }: Order, view: JournalView): NewEvent[] {
  const digest = payload.request as Digest | undefined;
  if (payload.order !== "revoke" || digest === undefined || !view.scheduled.has(digest)) return [];
  if (view.grant(digest)?.status === "live") return [];
  const reason = `revoked by order ${quote(payload.id)} of ${quote(payload.by)}`;
  return [{ ...eventHeader(world, { digest }), type: "failed", data: { reason, unscheduled: true } }];
}
