// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditLines } from "@elevation/cli/dist/audit-lines";
import { startAuditThread } from "@elevation/cli/dist/audit-thread";
import { AuditedChain, type ChainPart } from "@elevation/cli/dist/audited-chain";
import type { JournalEvent } from "@elevation/domain";
import { formatLine, parseLine, verifyChain } from "@elevation/journal";
import canonicalize from "canonicalize";
import fc from "fast-check";
import { AT } from "../support/journal-events";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits });

/** What an event says, in every form that a journal may hold. */
const said = fc.record({
  at: fc.constantFrom(AT, "2024-02-29T23:59:59.999Z", "2026-11-24T12:00+01:00", "20261124T120000,5Z"),
  type: fc.constantFrom("decided", "activating", "expired", "order", "checkpoint"),
  request: fc.option(hex(64).map((digits) => `sha256:${digits}`)),
  actor: fc.record({ kind: fc.constantFrom("job", "reaper", "person"), key: fc.string({ unit: "binary" }) }),
  data: fc.oneof(fc.jsonValue(), fc.constant({ a: { b: [1, "x"] }, B: "é", 10: 0, 9: null })),
  salt: hex(32),
  isExported: fc.boolean(),
});
type Said = Omit<typeof said extends fc.Arbitrary<infer T> ? T : never, "type"> & { readonly type: string };

/** A chain as design §9 has it, by other means than the journal's own. */
function chainOf(all: readonly Said[]): JournalEvent[] {
  const events: Record<string, unknown>[] = [];
  for (const { isExported, data, salt, ...each } of [OPENED, ...all]) {
    // What a file can hold: half a pair is written as an escape, minus zero as zero.
    const kept: unknown = JSON.parse(JSON.stringify(data));
    const seq = events.length + 1;
    const prev = events.at(-1)?.["hash"] ?? "0".repeat(64);
    const chained = { seq, ...each, digest: sha256(`${salt}${canonicalize(kept)}`), prev };
    const event = { ...chained, hash: sha256(canonicalize(chained) ?? "") };
    events.push(isExported ? event : { ...event, data: kept, salt });
  }
  return events as unknown as JournalEvent[];
}
const OPENED: Said = {
  at: AT,
  type: "opened",
  request: null,
  actor: { kind: "job", key: "unverified" },
  data: { version: 1 },
  salt: "0".repeat(32),
  isExported: false,
};

const NOTE: Said = { ...OPENED, type: "order" };

/** What changes what a line says, how it says it, or breaks it. */
const FRAGMENTS = [
  "",
  " ",
  ",",
  "{",
  "}",
  "[",
  "]",
  '"',
  "\\",
  "\\u0061",
  "\n",
  "\r",
  "é",
  "\u0000",
  "0",
  "e2",
  "-",
  "A",
  "null",
];
/** Members that are there already, or may be. */
const MEMBERS = ['"seq":9,', '"data":1,', '"salt":"0",', '"key":"x",', '"a":1,', '"b":1,'];
const REPLACED: readonly (readonly [string, string])[] = [
  ["-11-", "-13-"],
  ["2024-02-29", "2023-02-29"],
  ["T12", "T25"],
  ["-24T", "-31T"],
  ["-11-24", "-02-30"],
  [":00:", ":60:"],
  ["decided", "granted"],
  [":1", ":1.0"],
  ["sha256:", "SHA256:"],
  [':"', ': "'],
  ["unverified", "\\u0075nverified"],
  ["null", "NULL"],
];
/** A text with one thing changed: a fragment in place of a few characters, a member behind a brace, or a word replaced. */
const damage: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc
    .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(3), fc.constantFrom(...FRAGMENTS))
    .map(([place, length, fragment]) => (text: string) => {
      const at = Math.floor(text.length * place);
      return text.slice(0, at) + fragment + text.slice(at + length);
    }),
  fc.tuple(fc.nat(9), fc.constantFrom(...MEMBERS)).map(([nth, member]) => (text: string) => {
    const braces = [...text.matchAll(/\{/g)];
    const at = (braces[nth % braces.length]?.index ?? -1) + 1;
    return text.slice(0, at) + member + text.slice(at);
  }),
  fc.constantFrom(...REPLACED).map(
    ([from, to]) =>
      (text: string) =>
        text.replace(from, to),
  ),
);

/** Lines with one of them gone, standing twice or elsewhere, or with the rest of another journal, each event good by itself. */
const rearranged: fc.Arbitrary<(lines: readonly string[], other: readonly string[]) => readonly string[]> = fc
  .tuple(fc.nat(), fc.nat(), fc.constantFrom("gone", "twice", "elsewhere", "another's", "unfinished"))
  .map(([one, two, how]) => (lines, other) => {
    const [at, to] = [one % lines.length, two % lines.length];
    const line = lines[at] ?? "";
    if (how === "gone") return lines.toSpliced(at, 1);
    if (how === "twice") return lines.toSpliced(to, 0, line);
    if (how === "elsewhere") return lines.toSpliced(at, 1).toSpliced(to, 0, line);
    if (how === "unfinished") return [...lines, line.slice(0, to)];
    return [...lines.slice(0, at), ...other.slice(at)];
  });

describe("properties of a journal", function () {
  this.timeout(120_000);

  it("when a chain is made by the words of the contract, then it verifies, and no change of a field does", () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 4 }), fc.nat(), (all, nth) => {
        const events = chainOf(all);
        assert.equal(verifyChain(events), null);
        const changed = events[nth % events.length] as JournalEvent;
        const at = changed.at === AT ? "2026-11-24T12:00:00.001Z" : AT;
        for (const change of [{ at }, { actor: { ...changed.actor, key: `${changed.actor.key}"` } }]) {
          assert.deepEqual(verifyChain(events.with(changed.seq - 1, { ...changed, ...change })), {
            seq: changed.seq,
            message: `event ${changed.seq}: its \`hash\` is not that of its fields`,
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it("when a line is as we write it, then it says what the parser of the language says", () => {
    fc.assert(
      fc.property(said, (one) => {
        for (const line of chainOf([one]).map((event) => formatLine(event).slice(0, -1))) {
          assert.deepEqual(parseLine(line), { event: JSON.parse(line) });
        }
      }),
      { numRuns: 500 },
    );
  });

  it("when a line was damaged anywhere, then the short way to read it finds what the long way finds", () => {
    let taken = 0;
    fc.assert(
      fc.property(said, fc.array(damage, { minLength: 1, maxLength: 2 }), (one, damages) => {
        const whole = formatLine(chainOf([one])[1] as JournalEvent).slice(0, -1);
        const line = damages.reduce((text, change) => change(text), whole);
        const parsed = parseLine(line);
        // NB. A blank at the end changes nothing, but no line that we write ends with one: it is read the long way.
        assert.deepEqual(parsed, parseLine(`${line} `));
        if ("event" in parsed) taken++;
      }),
      { numRuns: 5_000 },
    );
    assert.ok(taken > 100, `only ${taken} damaged lines were events still`);
  });

  describe("audited in parts", () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "elevation-parts-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("when a journal was damaged anywhere, then the answer is that of one reading from start to end", async () => {
      const path = join(folder, "journal.jsonl");
      let verified = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(said, { minLength: 5, maxLength: 12 }),
          fc.array(rearranged, { maxLength: 1 }),
          fc.array(damage, { maxLength: 1 }),
          fc.integer({ min: 2, max: 4 }),
          async (all, changes, damages, threads) => {
            const [lines, other] = [chainOf(all).map(formatLine), chainOf(all.toReversed()).map(formatLine)];
            const changed = changes.reduce<readonly string[]>((each, change) => change(each, other), lines);
            writeFileSync(
              path,
              damages.reduce((text, change) => change(text), changed.join("")),
            );
            const file = await open(path);
            try {
              const { size } = await file.stat();
              const whole = await auditLines(file, size, { threads: 1, bytes: 1 });
              assert.deepEqual(await auditLines(file, size, { threads, bytes: 1 }), whole);
              if (whole.problem === null) verified++;
            } finally {
              await file.close();
            }
          },
        ),
        // NB. Each run starts threads: what shrinking would cost is worth more than a smaller counterexample.
        { numRuns: 40, endOnFailure: true },
      );
      assert.ok(verified > 0);
    });

    it("when a part does not follow, by hash or by number, or there is nothing yet that it could follow, then it isn't joined", () => {
      const [opened, second, third] = [chainOf([]), chainOf([NOTE]), chainOf([NOTE, NOTE])].map((events) =>
        formatLine(events.at(-1) as JournalEvent).slice(0, -1),
      ) as [string, string, string];
      const partOf = (...lines: string[]) => {
        const part = new AuditedChain(null);
        for (const line of lines) assert.equal(part.addLine(line), true);
        return part.part() as ChainPart;
      };
      const chain = new AuditedChain();
      assert.equal(chain.join(partOf(opened)), false);
      assert.equal(chain.join(partOf(opened, second)), false);
      assert.equal(chain.addLine(opened), true);
      const part = partOf(second, third);
      const other = formatLine(chainOf([{ ...NOTE, at: "2024-02-29T23:59:59.999Z" }])[1] as JournalEvent).slice(0, -1);
      for (const after of [
        { ...part.after, seq: 2 },
        { ...part.after, hash: "1".repeat(64) },
      ]) {
        assert.equal(chain.join({ ...part, after }), false);
      }
      assert.equal(chain.join(partOf(third)), false);
      assert.equal(chain.join(part), true);
      assert.equal(chain.join(partOf(other)), false);
      assert.deepEqual([chain.audit(7).count, chain.audit(7).last], [3, JSON.parse(third)]);
      assert.equal(chain.addLine(other), false);
      assert.equal(chain.join(part), false);
      assert.deepEqual(chain.audit(0).problem, { seq: 4, message: "event 4: its `seq` is 2" });
    });

    it("when a thread cannot read its part, then it says nothing of it", async () => {
      const file = await open(folder);
      try {
        const thread = startAuditThread(file.fd, 0, 10);
        assert.equal(await thread.result, null);
        await thread.stop();
      } finally {
        await file.close();
      }
    });
  });
});
