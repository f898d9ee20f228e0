// SPDX-License-Identifier: Apache-2.0
import type { Beat, Beats } from "@elevation/journal";
import { send } from "./outbound";
import type { Listener } from "./pulse";

/** Says it beside the journal, where `elevate status`, previews and the policy pack hear it. */
export function besideTheJournal(beats: Beats, of: Pick<Beat, "by" | "environments" | "every">): Listener {
  return {
    name: "the journal's side",
    tell: (at, stopped) => beats.say({ ...of, at, stopped }),
    hearsOfTheEnd: true,
  };
}

/** Calls a monitor, which raises the alarm when calls stay away. */
export function heartbeat(url: URL): Listener {
  return { name: "the heartbeat monitor", tell: () => send(url, { method: "GET" }), hearsOfTheEnd: false };
}
