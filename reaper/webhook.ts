// SPDX-License-Identifier: Apache-2.0
import { createHmac } from "node:crypto";
import { pauseAfter } from "./backoff";
import type { Notice, Notifier } from "./notice";
import { NotTaken, send } from "./outbound";
import { Sleep } from "./sleep";

/** How many notices wait; what they are about stands in the journal, and the newest say most. */
const MOST = 1_000;
/** What could not be delivered for so long is given up, in milliseconds. */
const LASTS = 86_400_000;

export interface WebhookOptions {
  /** Signs each body (HMAC-SHA256). */
  readonly secret: string;
  /** How long an answer is waited for, in milliseconds. */
  readonly patience?: number;
  /** At least 0, below 1: spreads what is tried again. */
  readonly random: () => number;
  readonly clock: () => number;
  /** Told once that notices can't be delivered, that they can again, and what was given up. */
  readonly say: (line: string) => void;
  readonly count: (outcome: NoticeOutcome) => void;
}

/** `refused`: given up, because the receiver will not take it, or took nothing for a day. `dropped`: pushed out by newer ones. */
export type NoticeOutcome = "sent" | "refused" | "dropped";

interface Waiting {
  readonly body: string;
  readonly since: number;
}

/** Posts notices one after the other, beside everything else: who hands one over never waits. */
export class WebhookNotifier implements Notifier {
  readonly #url: URL;
  readonly #options: WebhookOptions;
  readonly #queue: Waiting[] = [];
  readonly #sleep = new Sleep();
  readonly #stop = new AbortController();
  #run: Promise<void> | null = null;
  #isFailing = false;
  #isClosing = false;

  constructor(url: URL, options: WebhookOptions) {
    this.#url = url;
    this.#options = options;
  }

  notify(notice: Notice): void {
    if (this.#isClosing) return;
    if (this.#queue.length === MOST) {
      this.#queue.shift();
      this.#options.count("dropped");
    }
    this.#queue.push({ body: JSON.stringify(notice), since: this.#options.clock() });
    this.#run ??= this.#deliverAll().finally(() => {
      this.#run = null;
    });
  }

  async close(patience: number): Promise<void> {
    this.#isClosing = true;
    // What pauses is tried now.
    this.#sleep.wake();
    const timer = setTimeout(() => {
      this.#stop.abort();
      this.#sleep.wake();
    }, patience);
    await this.#run;
    clearTimeout(timer);
  }

  async #deliverAll(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (await this.#deliver(next)) continue;
      const left = this.#queue.splice(0).length + 1;
      this.#options.say(`${left === 1 ? "1 notice was" : `${left} notices were`} not delivered to ${this.#url.origin}`);
      for (let i = 0; i < left; i++) this.#options.count("dropped");
    }
  }

  /** False: it is time to stop, and it was not delivered. */
  async #deliver({ body, since }: Waiting): Promise<boolean> {
    const { random, clock } = this.#options;
    for (let failures = 1; ; failures++) {
      const fault = await this.#post(body);
      if (fault === null) return true;
      if (fault.isFinal || clock() - since >= LASTS) {
        this.#options.say(`a notice was given up: ${fault.message}`);
        this.#options.count("refused");
        return true;
      }
      if (!this.#isFailing && !this.#stop.signal.aborted)
        this.#options.say(`notices wait: ${fault.message}; they are sent again`);
      this.#isFailing = true;
      if (this.#stop.signal.aborted) return false;
      await this.#sleep.for(pauseAfter(failures, random()));
    }
  }

  async #post(body: string): Promise<NotTaken | null> {
    const { secret, patience } = this.#options;
    const signature = createHmac("sha256", secret).update(body).digest("hex");
    const headers = { "content-type": "application/json", "elevation-signature": `sha256=${signature}` };
    try {
      await send(this.#url, { method: "POST", headers, body, signal: this.#stop.signal }, patience);
    } catch (error) {
      return error instanceof NotTaken ? error : new NotTaken(String(error), false);
    }
    if (this.#isFailing) this.#options.say(`notices are delivered to ${this.#url.origin} again`);
    this.#isFailing = false;
    this.#options.count("sent");
    return null;
  }
}
