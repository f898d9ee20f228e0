// SPDX-License-Identifier: Apache-2.0
import { type Mask, neutral } from "./text";

/** What a server, or the way to it, said: masked and neutralised. `state` is an SQLSTATE, a system's error code or empty. */
export class ServerFault extends Error {
  readonly state: string;
  /** The message without the state. */
  readonly bare: string;
  readonly detail: string;

  constructor(state: string, message: string, detail: string) {
    super(state === "" ? message : `${message} (${state})`);
    this.name = "ServerFault";
    this.state = state;
    this.bare = message;
    this.detail = detail;
  }
}

/** What a failed call of `pg` says, as a {@link ServerFault}. */
export function faultOf(error: unknown, mask: Mask): ServerFault {
  const { message, code, detail } = error as { message?: string; code?: unknown; detail?: unknown };
  // Several addresses of one host were tried: Node reports an AggregateError without a message.
  const text = message !== undefined && message !== "" ? message : String(code ?? "unknown fault");
  const state = typeof code === "string" ? code : /timeout/i.test(text) ? "ETIMEDOUT" : "";
  return new ServerFault(state, neutral(mask(text)), typeof detail === "string" ? neutral(mask(detail)) : "");
}
