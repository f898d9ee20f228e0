// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent, NewEvent } from "@elevation/domain";
import { sealEvent } from "./event-line";
import type { Head } from "./store";

/** Makes the events that follow `prev`, in order. Throws TypeError on what is no event. */
export function sealEvents(events: readonly NewEvent[], prev: Head): readonly JournalEvent[] {
  const sealed: JournalEvent[] = [];
  for (const event of events) sealed.push(sealEvent(event, sealed.at(-1) ?? prev));
  return sealed;
}
