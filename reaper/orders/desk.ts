// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from "node:timers/promises";
import {
  digestOf,
  type Instant,
  isDocumentError,
  type Order,
  type OrderTrust,
  quote,
  readOrder,
  sha256Hex,
  verifyOrder,
} from "@elevation/domain";
import { type OpenState, reasonOf, type World } from "@elevation/provider/lifecycle";
import { pauseAfter } from "../backoff";
import { type Inbox, LETTERS_AT_ONCE, type Letter, type Settlement } from "./inbox";
import { type Answer, obey } from "./obey";
import { OrderedEnds } from "./ordered-ends";

export type OrderEvent =
  /** The inbox can't be read, or could again (null). */
  | { readonly type: "inbox"; readonly reason: string | null }
  /** An order was obeyed or refused; or it waits, which is told once. `id` and `by` are null where they can't be known. */
  | {
      readonly type: "order";
      readonly letter: string;
      readonly order: string | null;
      readonly id: string | null;
      readonly by: string | null;
      readonly outcome: Settlement | "waits";
      readonly reason: string;
    };

export interface DeskOptions {
  readonly inbox: Inbox;
  /** By whom orders may be signed, now. Must not throw. */
  readonly trust: () => OrderTrust;
  /** Only grants of these environments are ended; null: of all. */
  readonly environments: ReadonlySet<string> | null;
  /** How many grants are ended at once at each connection. */
  readonly atOnce: number;
  readonly random: () => number;
  /** Told of what happens, in its order. Must not throw. */
  readonly on: (event: OrderEvent) => void;
}

const MOST_ROUNDS = 10;
/** For how long one that waits is kept in mind that nobody looks at any more, in milliseconds. */
const FORGOTTEN = 86_400_000;

/** A letter that could not be settled yet. */
interface Pending {
  readonly failures: number;
  readonly again: Instant;
  /** When it was first seen: an order that came in time stays so, however long it takes. */
  readonly seenAt: Instant;
}

/**
 * Takes the letters of an inbox, and obeys those that are orders. Letters are served at the same time, each by itself: one whose target is
 * slow holds up no other, and copies of one are served after one another. INVARIANT (nothing lost): a letter leaves the inbox when what became of it is in the journal, or when it is refused.
 */
export class OrderDesk {
  readonly #world: World;
  readonly #options: DeskOptions;
  readonly #ends: OrderedEnds;
  readonly #serving = new Map<string, Promise<void>>();
  /** By what is in a letter, whatever its name is. */
  readonly #working = new Map<string, Promise<void>>();
  /** Likewise: copies of one that waits wait with it. */
  readonly #pending = new Map<string, Pending>();
  /** Of a name, until when nobody looks at it again. */
  readonly #resting = new Map<string, Instant>();
  /** The batch that a look begins. */
  #looking: Promise<Batch> | null = null;
  #open: readonly OpenState[] = [];
  /** Whether one batch follows another, and whether it shall. */
  #isFollowing = false;
  #mayFollow = false;
  #unreadable: string | null = null;

  constructor(world: World, options: DeskOptions) {
    this.#world = world;
    this.#options = options;
    this.#ends = new OrderedEnds(world, options.atOnce);
  }

  /** How many letters could not be settled yet. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Whether the inbox could not be read when it was last looked into. */
  get isUnreadable(): boolean {
    return this.#unreadable !== null;
  }

  /**
   * Begins to serve what has arrived; where that is more than a batch, the next one as soon as this is settled, until it is told to be
   * {@link idle}. `open`: grants that may be open, as far as is known without the journal. Never rejects.
   */
  async look(open: readonly OpenState[]): Promise<void> {
    this.#open = open;
    this.#mayFollow = true;
    const batch = await this.#beginOne();
    if (isFull(batch)) void this.#follow(batch);
  }

  /**
   * Serves what has arrived, each letter once; not more than {@link MOST_ROUNDS} times as many as are served at once, for whoever goes on
   * sending must not keep a pass from its ends. Never rejects. Resolves to whether nothing is left.
   */
  async drain(open: readonly OpenState[]): Promise<boolean> {
    this.#open = open;
    const served = new Set<string>();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if ((await this.#begin(served)).length === 0) return true;
      await this.idle();
    }
    return false;
  }

  /** When everything that was begun is over; nothing more is begun. */
  async idle(): Promise<void> {
    this.#mayFollow = false;
    await this.#looking;
    await Promise.all(this.#serving.values());
  }

  #beginOne(): Promise<Batch> {
    this.#looking ??= this.#begin(new Set()).finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #follow(first: Batch): Promise<void> {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    for (let batch = first; isFull(batch); batch = await this.#beginOne()) {
      await Promise.all(batch);
      if (!this.#mayFollow) break;
    }
    this.#isFollowing = false;
  }

  /** Serves letters that were not served before; their names are added to `served`, which are not served again. */
  async #begin(served: Set<string>): Promise<Batch> {
    const now = this.#world.clock();
    for (const [name, until] of this.#resting) if (until <= now) this.#resting.delete(name);
    const but = new Set([...this.#serving.keys(), ...this.#resting.keys(), ...served]);
    try {
      const letters = await this.#options.inbox.waiting(but, this.#options.random);
      this.#tell(null);
      const batch: Promise<void>[] = [];
      for (const letter of letters) {
        // Reading one takes time, whoever wrote it: ends that are due come between.
        await setImmediate();
        served.add(letter.name);
        const serving = this.#serve(letter).finally(() => this.#serving.delete(letter.name));
        this.#serving.set(letter.name, serving);
        batch.push(serving);
      }
      return batch;
    } catch (error) {
      this.#tell(reasonOf(error));
      return [];
    }
  }

  /** Never rejects. */
  async #serve(letter: Letter): Promise<void> {
    const read = readLetter(letter);
    const key = keyOf(letter, read);
    for (let copy = this.#working.get(key); copy !== undefined; copy = this.#working.get(key)) await copy;
    const again = this.#pending.get(key)?.again ?? Number.NEGATIVE_INFINITY;
    if (again > this.#world.clock()) {
      this.#resting.set(letter.name, again);
      return;
    }
    const work = this.#settle(letter, read, key).finally(() => this.#working.delete(key));
    this.#working.set(key, work);
    await work;
  }

  async #settle(letter: Letter, read: Read, key: string): Promise<void> {
    const seenAt = this.#pending.get(key)?.seenAt ?? this.#world.clock();
    const order = "fault" in read ? null : read.order;
    const answer = await this.#answer(read, seenAt)
      .then(async (answer) => {
        if (answer.is !== "waits") await this.#options.inbox.settle(letter, answer.is, answer.why);
        return answer;
      })
      .catch((error: unknown): Answer => ({ is: "waits", why: reasonOf(error) }));
    const failures = (this.#pending.get(key)?.failures ?? 0) + 1;
    if (answer.is !== "waits") this.#pending.delete(key);
    else {
      const again = this.#world.clock() + pauseAfter(failures, this.#options.random());
      this.#forgetPending();
      // NB. at the end: those that were not looked at for longest come first.
      this.#pending.delete(key);
      this.#pending.set(key, { failures, again, seenAt });
      this.#resting.set(letter.name, again);
      if (failures > 1) return;
    }
    const { order: kind = null, id = null, by = null } = order?.payload ?? {};
    const event = { letter: letter.name, order: kind, id, by, outcome: answer.is, reason: answer.why };
    this.#options.on({ type: "order", ...event });
  }

  /** What waits is looked at every minute: one that nobody looked at for a day was taken away, or answered by another reaper. */
  #forgetPending(): void {
    const long = this.#world.clock() - FORGOTTEN;
    for (const [key, { again }] of this.#pending) {
      if (again >= long) return;
      this.#pending.delete(key);
    }
  }

  async #answer(read: Read, seenAt: Instant): Promise<Answer> {
    if ("fault" in read) return { is: "refused", why: read.fault };
    const { order } = read;
    const verified = verifyOrder(order, this.#options.trust(), seenAt);
    if (verified.is === "refused") return verified;
    if (verified.is === "unknown") return { is: "waits", why: verified.why };
    const { environments } = this.#options;
    return obey(this.#world, { environments, open: this.#open, ends: this.#ends }, order, verified);
  }

  #tell(reason: string | null): void {
    if (reason === this.#unreadable) return;
    this.#unreadable = reason;
    this.#options.on({ type: "inbox", reason });
  }
}

/** Letters that are served at the same time. */
type Batch = readonly Promise<void>[];

/** There may be more. */
function isFull(batch: Batch): boolean {
  return batch.length >= LETTERS_AT_ONCE;
}

/**
 * By which a letter is known again under another name, and written otherwise: what was signed, and the signature. NB. without the
 * signature a forged one would count as a copy of what it was forged from.
 */
function keyOf({ name, text, fault }: Letter, read: Read): string {
  return "fault" in read ? sha256Hex(`${name}\n${text ?? fault}`) : digestOf(read.order);
}

type Read = { readonly order: Order } | { readonly fault: string };

/** An order is JSON, whatever its file is called: what YAML makes of a text is not what everybody sees in it. */
function readLetter({ name, text, fault }: Letter): Read {
  if (text === null) return { fault: `${quote(name)} is refused: ${fault}` };
  try {
    return { order: readOrder({ file: "order.json", text }).value };
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    const problems = error.problems.map(({ line, column, message }) => `  ${line}:${column}: ${message}`);
    return { fault: [`${quote(name)} is refused, because it is no order:`, ...problems].join("\n") };
  }
}
