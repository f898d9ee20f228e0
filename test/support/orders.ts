// SPDX-License-Identifier: Apache-2.0
import { type Inbox, LETTERS_AT_ONCE, type Letter, type Settlement } from "@elevation/reaper/inbox";

/** An inbox in memory. */
export class MemoryInbox implements Inbox {
  readonly address = "memory:";
  readonly letters = new Map<string, string>();
  readonly settled = new Map<string, { readonly settlement: Settlement; readonly reason: string }>();
  /** Why it can't be read, or nothing settled. */
  fault: string | null = null;

  async waiting(but: ReadonlySet<string>): Promise<readonly Letter[]> {
    if (this.fault !== null) throw new Error(this.fault);
    const letters = [...this.letters].filter(([name]) => !but.has(name));
    return letters.slice(0, LETTERS_AT_ONCE).map(([name, text]) => ({ name, text, fault: null }));
  }

  async settle({ name }: Letter, settlement: Settlement, reason: string): Promise<void> {
    if (this.fault !== null) throw new Error(this.fault);
    this.letters.delete(name);
    this.settled.set(name, { settlement, reason });
  }

  async close(): Promise<void> {}
}
