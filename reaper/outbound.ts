// SPDX-License-Identifier: Apache-2.0

/** How long an answer is waited for, in milliseconds. */
const PATIENCE = 10_000;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * An address that messages may be sent to, or what is wrong with it: HTTPS, or HTTP on this machine. The text is never repeated:
 * such addresses have secrets in path or query.
 */
export function readOutboundUrl(text: string): URL | string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return "is no URL; write one as in https://alerts.example/elevation";
  if (url.username !== "" || url.password !== "") return "holds a user or password; leave them out";
  if (url.hash !== "") return "has a part behind `#`, which is never sent; leave it out";
  if (url.protocol === "https:") return url;
  if (url.protocol !== "http:") return "is no https: address; write one as in https://alerts.example/elevation";
  return LOOPBACK.test(url.hostname) ? url : "is http: beyond this machine, where all could read it; write https:";
}

/** When asking again may help: `late`, once somebody has mended what the receiver knows of us. */
export type Again = "soon" | "late" | "never";

/** Why something was not taken. */
export class NotTaken extends Error {
  override readonly name = "NotTaken";
  readonly again: Again;

  constructor(message: string, again: Again) {
    super(message);
    this.again = again;
  }
}

/** Statuses after which asking again may help, besides those of 500 and above. */
const PASSING = [408, 425, 429];
/** It knows neither us nor the address: which is as wrong for whatever else is sent there. */
const UNKNOWN = [401, 403, 404];

/**
 * Sends a request, and resolves once it was taken (2xx). Follows no redirect: what is signed for one receiver is not for another.
 * Throws {@link NotTaken}, whose message names nothing but the receiver's host.
 */
export async function send(url: URL, init: RequestInit, patience = PATIENCE): Promise<void> {
  const signals = [AbortSignal.timeout(patience), ...(init.signal == null ? [] : [init.signal])];
  let response: Response;
  try {
    response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.any(signals) });
  } catch (error) {
    throw new NotTaken(`${url.origin} ${reasonOf(error, patience)}`, "soon");
  }
  // What it says beside the status is of no use here, and may be endless.
  await response.body?.cancel().catch(() => undefined);
  if (response.ok) return;
  const { status } = response;
  const redirect = status >= 300 && status < 400 ? ", a redirect, which is not followed" : "";
  throw new NotTaken(`${url.origin} answered ${status}${redirect}`, againAfter(status));
}

function againAfter(status: number): Again {
  if (status >= 500 || PASSING.includes(status)) return "soon";
  return UNKNOWN.includes(status) ? "late" : "never";
}

function reasonOf(error: unknown, patience: number): string {
  if (error instanceof Error && error.name === "TimeoutError") return `did not answer within ${patience / 1000} s`;
  const code = (error as { cause?: { code?: unknown } }).cause?.code;
  return `can't be reached (${typeof code === "string" ? code : "unknown error"})`;
}
