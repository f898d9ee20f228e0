// SPDX-License-Identifier: Apache-2.0
import { createHmac } from "node:crypto";
import { pauseAfter } from "./backoff";
import type { Notice, Notifier } from "./notice";
import { NotTaken, send } from "./outbound";
import { Sleep, systemTimer, type Timer } from "./sleep";

/** How many notices wait; what they are about stands in the journal, and the newest say most. */
const MOST = 1_000;
/** What could not be delivered for so long is given up, in milliseconds. */
const LASTS = 86_400_000;
/** The pause after a receiver knew neither us nor the address, in milliseconds: somebody must mend that first. */
const LATE = 300_000;
/** How often a notice may fail between others that are taken: then it is what the receiver can't take. */
const MOST_ALONE = 10;

export interface WebhookOptions {
  /** Signs each body (HMAC-SHA256). */
  readonly secret: string;
  /** How long an answer is waited for, in milliseconds. */
  readonly patience?: number;
  /** At least 0, below 1: spreads what is tried again. */
  readonly random: () => number;
  readonly clock: () => number;
  /** By which it pauses; absent: by the system's. */
  readonly timer?: Timer;
  /** Told once that notices can't be delivered, that they can again, and what was given up. */
  readonly say: (line: string) => void;
  readonly count: (outcome: NoticeOutcome) => void;
}

/**
 * `refused`: given up, because the receiver will not take it, or took nothing for a day. `dropped`: pushed out by newer ones, or left when
 * it was time to stop.
 */
export type NoticeOutcome = "sent" | "refused" | "dropped";

interface Waiting {
  readonly body: string;
  readonly key: string;
  readonly since: number;
  readonly number: number;
  failures: number;
  isResting: boolean;
  /** How many were sent when it failed last, and how often it failed with others sent since the time before. */
  sentBefore: number;
  alone: number;
}

/**
 * Posts notices one after the other, beside everything else: who hands one over never waits. One that is not taken rests, and the others
 * are tried meanwhile; where these aren't taken either, it is the receiver, and all rest. Of one key none overtakes another: an alarm must
 * not come after what ends it.
 */
export class WebhookNotifier implements Notifier {
  readonly #url: URL;
  readonly #options: WebhookOptions;
  /** In the order of their coming. */
  readonly #queue: Waiting[] = [];
  /** Until it is woken. */
  readonly #sleep = new Sleep(() => () => undefined);
  readonly #pauses = new Set<() => void>();
  readonly #stop = new AbortController();
  #run: Promise<void> | null = null;
  #number = 0;
  #sent = 0;
  /** How many tries in a row failed, of which notice whatever. */
  #failedInRow = 0;
  #isPaused = false;
  #isFailing = false;
  #isDropping = false;
  #isClosing = false;

  constructor(url: URL, options: WebhookOptions) {
    this.#url = url;
    this.#options = options;
  }

  notify(notice: Notice): void {
    if (this.#isClosing) return;
    // One that was put back came on top.
    while (this.#queue.length >= MOST) this.#dropOldest();
    const { key } = notice;
    const counts = { number: this.#number++, failures: 0, sentBefore: 0, alone: 0 };
    const since = this.#options.clock();
    this.#queue.push({ body: JSON.stringify(notice), key, since, isResting: false, ...counts });
    this.#sleep.wake();
    this.#start();
  }

  async close(patience: number): Promise<void> {
    this.#isClosing = true;
    // What pauses is tried now.
    for (const end of this.#pauses) end();
    const timer = setTimeout(() => this.#abort(), patience);
    await this.#run;
    clearTimeout(timer);
  }

  #start(): void {
    this.#run ??= this.#deliverAll().finally(() => {
      this.#run = null;
      // One that came at the last moment.
      if (this.#queue.length > 0) this.#start();
    });
  }

  async #deliverAll(): Promise<void> {
    while (this.#queue.length > 0 && !this.#stop.signal.aborted) {
      const next = this.#takeNext();
      if (next === null) await this.#sleep.for(1);
      else await this.#try(next);
    }
    for (const end of this.#pauses) end();
    const left = this.#queue.splice(0).length;
    if (left === 0) return;
    this.#options.say(`${left === 1 ? "1 notice was" : `${left} notices were`} not delivered to ${this.#url.origin}`);
    for (let i = 0; i < left; i++) this.#options.count("dropped");
  }

  /** Takes the next off the queue that may be tried now. */
  #takeNext(): Waiting | null {
    if (this.#isPaused) return null;
    const before = new Set<string>();
    const index = this.#queue.findIndex(({ key, isResting }) => {
      const isFirst = !before.has(key);
      before.add(key);
      return isFirst && !isResting;
    });
    return this.#queue.splice(index, index < 0 ? 0 : 1)[0] ?? null;
  }

  async #try(notice: Waiting): Promise<void> {
    const fault = await this.#post(notice.body);
    if (fault === null) return this.#delivered();
    const { say, count, clock } = this.#options;
    const isAlone = notice.failures > 0 && this.#sent > notice.sentBefore;
    if (isAlone) notice.alone++;
    const tries = notice.alone < MOST_ALONE ? "" : ` after ${notice.failures + 1} tries, while others were taken`;
    if (fault.again === "never" || tries !== "" || clock() - notice.since >= LASTS) {
      say(`a notice was given up${tries}: ${fault.message}`);
      count("refused");
      this.#settle();
      return;
    }
    if (!this.#isFailing && !this.#stop.signal.aborted) say(`notices wait: ${fault.message}; they are sent again`);
    this.#isFailing = true;
    this.#putBack(notice, fault);
    // Nobody mends it in the time that is left.
    if (this.#isClosing && fault.again === "late") this.#abort();
  }

  /** Rests with it, and where it is not the first that failed in a row, with all others. */
  #putBack(notice: Waiting, { again }: NotTaken): void {
    const { random } = this.#options;
    const after = (failures: number) => (again === "late" ? LATE : pauseAfter(failures, random()));
    notice.failures++;
    notice.sentBefore = this.#sent;
    notice.isResting = true;
    const behind = this.#queue.findIndex(({ number }) => number > notice.number);
    this.#queue.splice(behind < 0 ? this.#queue.length : behind, 0, notice);
    this.#pause(after(notice.failures), () => {
      notice.isResting = false;
    });
    if (++this.#failedInRow === 1) return;
    this.#isPaused = true;
    this.#pause(after(this.#failedInRow - 1), () => {
      this.#isPaused = false;
    });
  }

  #pause(milliseconds: number, over: () => void): void {
    const { timer = systemTimer } = this.#options;
    const end = () => {
      forget();
      this.#pauses.delete(end);
      over();
      this.#sleep.wake();
    };
    const forget = timer(milliseconds, end);
    this.#pauses.add(end);
  }

  #delivered(): void {
    this.#sent++;
    this.#failedInRow = 0;
    this.#options.count("sent");
    const wasFailing = this.#isFailing;
    this.#settle();
    if (wasFailing && !this.#isFailing) this.#options.say(`notices are delivered to ${this.#url.origin} again`);
  }

  /** One is out of the way. */
  #settle(): void {
    if (!this.#queue.some(({ failures }) => failures > 0)) this.#isFailing = false;
    if (this.#queue.length === 0) this.#isDropping = false;
  }

  #dropOldest(): void {
    this.#queue.shift();
    this.#options.count("dropped");
    if (!this.#isDropping) this.#options.say(`${MOST} notices wait for ${this.#url.origin}: the oldest are dropped`);
    this.#isDropping = true;
  }

  #abort(): void {
    this.#stop.abort();
    this.#sleep.wake();
  }

  async #post(body: string): Promise<NotTaken | null> {
    const { secret, patience } = this.#options;
    const signature = createHmac("sha256", secret).update(body).digest("hex");
    const headers = { "content-type": "application/json", "elevation-signature": `sha256=${signature}` };
    try {
      await send(this.#url, { method: "POST", headers, body, signal: this.#stop.signal }, patience);
      return null;
    } catch (error) {
      return error instanceof NotTaken ? error : new NotTaken(String(error), "soon");
    }
  }
}
