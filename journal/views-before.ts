// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent } from "@elevation/domain";
import { ChainState } from "./chain-state";
import type { JournalView } from "./journal-view";

/**
 * Each event of a journal that was verified, from the second on, with the view that its writer judged by: of all before it. For whoever
 * judges the past again.
 */
export function* viewsBefore(
  events: readonly JournalEvent[],
  isWanted: (event: JournalEvent) => boolean,
): Generator<{ readonly event: JournalEvent; readonly view: JournalView }> {
  const state = new ChainState();
  for (const event of events) {
    if (event.seq > 1 && isWanted(event)) yield { event, view: state.view() };
    state.add([event]);
  }
}
