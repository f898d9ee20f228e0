// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { formatInstant, type Instant } from "@elevation/domain";
import { type Beats, slotOf } from "@elevation/journal";
import type { World } from "@elevation/provider/lifecycle";
import {
  type DrillEvent,
  type Listener,
  logNotifier,
  type News,
  Newsroom,
  type NewsworthyPass,
  type NoticeOutcome,
  type Notifier,
  newsOfPass,
  type ReaperEvent,
  readOutboundUrl,
  WebhookNotifier,
} from "@elevation/reaper";
import { CommandError, EXIT } from "./exit";
import { safeJsonLine } from "./neutral";
import type { Alive } from "./reap-alive";
import type { Terminal } from "./terminal";

/** Short ones can be guessed from a signed body. */
const SHORTEST_SECRET = 16;
/** How long what waits has to leave when a reaper stops, in milliseconds. */
const PATIENCE = 5_000;
/** The same after a pass, which has no later time to try again. */
const PASS_PATIENCE = 20_000;

/** Where `--notify` says that notices go; a webhook with the secret that signs them. */
export type Destination =
  | { readonly kind: "log" }
  | { readonly kind: "webhook"; readonly url: URL; readonly secret: string };

/**
 * What `--notify`, or else `ELEVATION_NOTIFY` (several with blanks between them), names. Throws CommandError (bad input); no
 * address and no secret is repeated, since addresses hold secrets too.
 */
export function readDestinations(flags: readonly string[], { env }: Terminal): readonly Destination[] {
  const [name, texts] =
    flags.length > 0
      ? ["`--notify`", flags]
      : ["`ELEVATION_NOTIFY`", (env["ELEVATION_NOTIFY"] ?? "").split(/\s+/).filter((text) => text !== "")];
  return texts.map((text) => {
    if (text === "log") return { kind: "log" };
    const url = readOutboundUrl(text);
    if (typeof url === "string")
      throw new CommandError(EXIT.badInput, `${name} is not \`log\`, and as an address it ${url}`);
    return { kind: "webhook", url, secret: readSecret(name, env["ELEVATION_NOTIFY_SECRET"] ?? "") };
  });
}

function readSecret(name: string, secret: string): string {
  if (secret.length >= SHORTEST_SECRET) return secret;
  const found = secret === "" ? "is not set" : `has ${secret.length} characters`;
  throw new CommandError(
    EXIT.badInput,
    `${name} names a webhook, whose notices are signed, and \`ELEVATION_NOTIFY_SECRET\` ${found}; set it to ${SHORTEST_SECRET} characters or more that the receiver knows too`,
  );
}

export interface NoticesOptions {
  readonly destinations: readonly Destination[];
  readonly environments: ReadonlySet<string> | null;
  /** The journal, as it may be shown. */
  readonly address: string;
  readonly clock: () => Instant;
  readonly count: (outcome: NoticeOutcome) => void;
}

/** What is news of a reaper's events goes to all destinations. */
export class Notices {
  readonly #newsroom: Newsroom;
  readonly #notifiers: readonly Notifier[];
  readonly #options: NoticesOptions;

  constructor(options: NoticesOptions, terminal: Terminal) {
    this.#options = options;
    this.#newsroom = new Newsroom(options.environments);
    this.#notifiers = options.destinations.map((destination) => notifierOf(destination, options, terminal));
  }

  note(event: ReaperEvent | DrillEvent): void {
    if (this.#notifiers.length > 0) this.#send(this.#newsroom.of(event));
  }

  /** Hears at each beat whether others who end grants are silent. */
  listener(beats: Beats, own: Parameters<typeof slotOf>[0]): Listener {
    return {
      name: "whoever is to be told of others' silence",
      tell: async (at, stopped) => {
        if (!stopped && this.#notifiers.length > 0)
          this.#send(this.#newsroom.heard(await beats.hear(), slotOf(own), at));
      },
      hearsOfTheEnd: false,
    };
  }

  /** What is news of one pass, and waits until it has left, or for {@link PASS_PATIENCE}. */
  async tellOfPass(passed: NewsworthyPass, world: World, beside: Alive["beside"]): Promise<void> {
    if (this.#notifiers.length === 0) return;
    const view = await world.journal().then(
      (journal) => journal.view().catch(() => null),
      () => null,
    );
    const heard = (await beside?.beats.hear().catch(() => null)) ?? null;
    const own = beside === null ? "" : slotOf(beside.own);
    this.#send(newsOfPass(passed, { view, heard, own, every: beside?.own.every ?? 0, now: world.clock() }));
    await this.#close(PASS_PATIENCE);
  }

  close(): Promise<void> {
    return this.#close(PATIENCE);
  }

  async #close(patience: number): Promise<void> {
    await Promise.all(this.#notifiers.map((notifier) => notifier.close(patience)));
  }

  #send(news: readonly News[]): void {
    const { address, clock } = this.#options;
    for (const { event, key, about } of news) {
      const notice = { id: randomUUID(), at: formatInstant(clock()), journal: address, event, key, about };
      for (const notifier of this.#notifiers) notifier.notify(notice);
    }
  }
}

function notifierOf(destination: Destination, { clock, count }: NoticesOptions, terminal: Terminal): Notifier {
  if (destination.kind === "log") return logNotifier((notice) => terminal.say(safeJsonLine({ notice })));
  const { url, secret } = destination;
  return new WebhookNotifier(url, { secret, random: Math.random, clock, say: (line) => terminal.say(line), count });
}
