// SPDX-License-Identifier: Apache-2.0
import type { OrderEvent } from "@elevation/reaper";
import { neutral } from "./neutral";
import type { Terminal } from "./terminal";

/** What `--json` says of orders (docs/cli.md): fields are added, never changed. */
export function orderReport(event: OrderEvent): object {
  if (event.type === "inbox")
    return { event: event.reason === null ? "inbox-readable" : "inbox-unreadable", reason: event.reason };
  const { type, ...fields } = event;
  return { event: type, ...fields };
}

/** What happened to an order, or to the inbox, on one line. */
export function orderLine(event: OrderEvent, { colours: { bold, green, red, yellow } }: Terminal): string {
  if (event.type === "inbox") {
    return event.reason === null
      ? green("the inbox can be read again")
      : `${bold(red("INBOX"))}: orders can't be read: ${neutral(event.reason)}`;
  }
  const paint = { done: green, refused: red, waits: yellow }[event.outcome];
  const word = { done: "order obeyed", refused: "ORDER REFUSED", waits: "order waits" }[event.outcome];
  return `${paint(word)} (${neutral(event.letter)}): ${neutral(event.reason.replace(/\n */g, "; "))}`;
}
