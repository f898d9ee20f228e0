// SPDX-License-Identifier: Apache-2.0
import { type Beat, formatBeat, parseBeat, slotOf } from "../beats/beat";
import type { Beats, Heard } from "../beats/beats";
import { JournalError } from "../journal-error";
import { SerialQueue } from "../serial-queue";
import type { PostgresAddress } from "./address";
import { Link, LinkFault } from "./link";
import { readFault, writeFault } from "./store-fault";

const SAY_SQL = `INSERT INTO elevation.alive AS a (slot, said) VALUES ($1, $2)
ON CONFLICT (slot) DO UPDATE SET said = EXCLUDED.said`;
const HEAR_SQL = "SELECT a.said FROM elevation.alive AS a ORDER BY a.slot LIMIT 100";
const IS_THERE_SQL = "SELECT pg_catalog.to_regclass('elevation.alive') IS NOT NULL AS there";

/** Beats in the table `elevation.alive`, a row for each who says them. A journal that was made before there was one has none. */
export class PostgresBeats implements Beats {
  readonly #shown: string;
  readonly #link: Link;
  readonly #queue = new SerialQueue();

  constructor(address: PostgresAddress, lockWait: number) {
    this.#shown = address.shown;
    this.#link = new Link(address, lockWait);
  }

  say(beat: Beat): Promise<void> {
    return this.#run(writeFault, async () => {
      await this.#link.query(SAY_SQL, [slotOf(beat), formatBeat(beat)]);
    });
  }

  hear(): Promise<Heard> {
    return this.#run(readFault, async () => {
      const { rows } = await this.#link.query<{ said: string }>(HEAR_SQL);
      return { beats: rows.flatMap(({ said }) => parseBeat(said) ?? []), copiedAt: null };
    });
  }

  close(): Promise<void> {
    return this.#queue.run(() => this.#link.close());
  }

  #run<T>(fault: (fault: LinkFault, address: string) => JournalError, work: () => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      try {
        // NB. Asked first, so that an older journal's server has no error in its log every half minute.
        const { rows } = await this.#link.query<{ there: boolean }>(IS_THERE_SQL);
        if (rows[0]?.there !== true) throw noTable(this.#shown);
        return await work();
      } catch (error) {
        throw error instanceof LinkFault ? fault(error, this.#shown) : error;
      }
    });
  }
}

function noTable(address: string): JournalError {
  return new JournalError(
    "absent",
    `the journal \`${address}\` has no table elevation.alive, in which whoever ends grants says that it lives; let its owner run what docs/journal.md has for older journals`,
  );
}
