// SPDX-License-Identifier: Apache-2.0
import { table } from "../support/markdown-table";
import type { DecideResult, DecideResults } from "./decide-part";
import { type EngineResults, OPERATIONS, type Operation, type StackKind } from "./engine-part";
import type { JournalResults } from "./journal-part";
import { WAYS } from "./journal-part";
import { PROCESS_KINDS } from "./memory";
import type { BenchOptions } from "./options";
import { exponent, median } from "./statistics";
import { type Target, targetsTable } from "./targets";

const MIB = 2 ** 20;
const MAX_PER_GRANT_MS = 5;
const MAX_PACK_PER_GRANT_MS = 2;
const MAX_UP_S = 20;
/** The stack of which an `up` must take no longer than that. */
const UP_OF = 1_000;
const SMALLEST_JUDGED = 100;
const MAX_EXPONENT = 1.1;
const MIN_APPENDS = 5_000;
const MAX_VERIFY_S = 10;
const VERIFIED = 1_000_000;
const GROWTH_OF = ["preview", "up", "refresh", "destroy"] as const satisfies readonly Operation[];

/** Everything measured with the engine, as Markdown: times, growth, memory and state, then the targets. */
export function engineReport(results: EngineResults, { sizes }: BenchOptions): string {
  const tables = [
    `### Operations, seconds (median; smallest to largest)\n\n${operationsTable(results, sizes)}`,
    ...(sizes.length > 1 ? [`### Growth\n\n${growthTable(results, sizes)}`] : []),
    `### Peak memory, MiB\n\n${memoryTable(results, sizes)}`,
    `### State, bytes\n\n${stateTable(results, sizes)}`,
    ...targetsOf(results, sizes),
  ];
  return tables.join("\n\n");
}

/** Of a few grants the start-up is all that is measured, and no target is about that. */
function targetsOf(results: EngineResults, sizes: readonly number[]): string[] {
  if ((sizes.at(-1) ?? 1) < SMALLEST_JUDGED) return [];
  return [`### Targets\n\n${targetsTable(engineTargets(results, sizes))}`];
}

const MIN_DECISIONS = 500_000;

/** Everything measured of decisions, as Markdown. */
export function decideReport({ results, allowed, memory, absent }: DecideResults): string {
  const of = (size: string) => results.filter((result) => result.size === size);
  const sizes = [...allowed.keys()];
  const rows = sizes.flatMap((size) => {
    const [ours] = of(size);
    return of(size).map((result) => [
      ...[size, result.engine, spread(result.perSecond, 0), result.p99.toFixed(1)],
      ours === undefined || result === ours ? "" : (median(ours.perSecond) / median(result.perSecond)).toFixed(1),
    ]);
  });
  const head = [
    "policy",
    "engine",
    "decisions/s (median; smallest to largest)",
    "p99, µs",
    "ours is so many times as fast",
  ];
  return [
    table(head, rows),
    `Allowed: ${[...allowed].map(([size, text]) => `${size} ${text}`).join(", ")}; every engine gives the same answers.`,
    `A thousand rules and ten thousand people take ${mebi(memory)} MiB, documents and requests included.`,
    ...absent.map((line) => `Not measured: ${line}.`),
    `### Targets\n\n${targetsTable(decideTargets(sizes.map(of)))}`,
  ].join("\n\n");
}

function decideTargets(sizes: readonly (readonly DecideResult[])[]): readonly Target[] {
  const rateOf = (result: DecideResult | undefined) => (result === undefined ? 0 : median(result.perSecond));
  const [first, last] = [rateOf(sizes[0]?.[0]), rateOf(sizes.at(-1)?.[0])];
  const fastest = Math.min(
    ...sizes.flatMap(([ours, ...others]) => others.map((other) => rateOf(ours) / rateOf(other))),
  );
  const perSecond = (rate: number) => `${Math.round(rate)} a second`;
  return [
    {
      ...{ what: "faster than every other engine at every size", limit: "1", measured: fastest.toFixed(1) },
      isMet: fastest > 1,
    },
    {
      ...{ what: "tiny policy", limit: perSecond(MIN_DECISIONS), measured: perSecond(first) },
      isMet: first >= MIN_DECISIONS,
    },
    {
      ...{ what: "1,000 rules, of the tiny policy's speed", limit: "0.5", measured: (last / first).toFixed(2) },
      isMet: last / first >= 0.5,
    },
  ];
}

/** Everything measured of the journal, as Markdown. */
export function journalReport(results: JournalResults): string {
  const { events, bytes, times, peak } = results.verify;
  const rows = WAYS.map((way) => [way, spread(results.appends[way], 0)]);
  const verified = [[String(events), mebi(bytes), spread(times.map(inSeconds), 1), mebi(peak)]];
  return [
    `### Appends, events a second (median; smallest to largest)\n\n${table(["appends", "events/s"], rows)}\n\nAn fsync of a kilobyte alone: ${spread(results.fsync, 2)} ms.`,
    `### Verifying (\`elevate audit verify\`)\n\n${table(["events", "file, MiB", "seconds", "peak memory, MiB"], verified)}`,
    `### Targets\n\n${targetsTable(journalTargets(results))}`,
  ].join("\n\n");
}

function operationsTable(results: EngineResults, sizes: readonly number[]): string {
  const rows = sizes.flatMap((size) =>
    OPERATIONS.filter((operation) => results.times("grants", size, operation).length > 0).map((operation) => {
      const [ours, bare] = [seconds(results, "grants", size, operation), seconds(results, "bare", size, operation)];
      const beside = beyond(results, size, operation);
      return [`${size}`, operation, spread(ours, 2), bare.length === 0 ? "" : spread(bare, 2), beside];
    }),
  );
  return table(["grants", "operation", "ours", "doing nothing", "ms a grant more"], rows);
}

/** What a grant costs over what the operation is compared with: nothing, or an empty pack. */
function beyond(results: EngineResults, size: number, operation: Operation): string {
  if (operation === "preview, empty pack")
    return `${perGrant(results, size, ["grants", operation], ["grants", "preview"])} than no pack`;
  if (operation === "preview, our pack")
    return `${perGrant(results, size, ["grants", operation], ["grants", "preview, empty pack"])} than an empty pack`;
  return perGrant(results, size, ["grants", operation], ["bare", operation]);
}

type Measured = readonly [StackKind, Operation];

function perGrant(results: EngineResults, size: number, one: Measured, other: Measured): string {
  return millisecondsPerGrant(results, size, one, other).toFixed(1);
}

function millisecondsPerGrant(results: EngineResults, size: number, one: Measured, other: Measured): number {
  return (median(results.times(one[0], size, one[1])) - median(results.times(other[0], size, other[1]))) / size;
}

function growthTable(results: EngineResults, sizes: readonly number[]): string {
  const rows = GROWTH_OF.map((operation) => [
    operation,
    ...(["grants", "bare"] as const).flatMap((stack) => {
      const { whole, added } = growth(results, sizes, stack, operation);
      return [slope(whole), slope(added)];
    }),
  ]);
  const [from, to] = [sizes.at(-2), sizes.at(-1)];
  const head = ["operation", "ours", "ours, without start-up", "doing nothing", "doing nothing, without start-up"];
  return `Exponents from ${from} to ${to}; 1 is linear. Start-up is what the operation takes for ${sizes[0]}.\n\n${table(head, rows)}`;
}

/** The exponent of the time, and of the time above that of the smallest stack: start-up flattens the first. */
function growth(results: EngineResults, sizes: readonly number[], stack: StackKind, operation: Operation) {
  const [first = 1, from = 1, to = 1] = [sizes[0], sizes.at(-2), sizes.at(-1)];
  const cost = (size: number) => median(results.times(stack, size, operation));
  const start = from === first ? 0 : cost(first);
  return {
    whole: exponent({ size: from, cost: cost(from) }, { size: to, cost: cost(to) }),
    added: exponent({ size: from, cost: cost(from) - start }, { size: to, cost: cost(to) - start }),
  };
}

function slope(value: number): string {
  return Number.isNaN(value) ? "lost in the noise" : value.toFixed(2);
}

function memoryTable(results: EngineResults, sizes: readonly number[]): string {
  const rows = sizes.flatMap((size) =>
    (["grants", "bare"] as const).map((stack) => {
      const peak = results.memory(stack, size);
      const name = stack === "grants" ? "ours" : "doing nothing";
      return [`${size}`, name, ...PROCESS_KINDS.map((kind) => mebi(peak[kind])), mebi(peak.all)];
    }),
  );
  return table(["grants", "stack", ...PROCESS_KINDS, "all at once"], rows);
}

function stateTable(results: EngineResults, sizes: readonly number[]): string {
  const [first = 1] = sizes;
  const rows = sizes.map((size) => {
    const [ours, bare] = [results.state("grants", size), results.state("bare", size)];
    const each = size === first ? "" : ((ours - results.state("grants", first)) / (size - first)).toFixed(0);
    return [`${size}`, `${ours}`, `${bare}`, each];
  });
  return table(["grants", "ours", "doing nothing", "a grant"], rows);
}

function engineTargets(results: EngineResults, sizes: readonly number[]): Target[] {
  const size = sizes.at(-1) ?? 1;
  const targets: Target[] = GROWTH_OF.map((operation) => {
    const ms = millisecondsPerGrant(results, size, ["grants", operation], ["bare", operation]);
    return atMost(`${operation} of ${size}: a grant over doing nothing`, ms, MAX_PER_GRANT_MS, "ms");
  });
  const pack = millisecondsPerGrant(results, size, ["grants", "preview, our pack"], ["grants", "preview, empty pack"]);
  targets.push(atMost(`the pack over an empty one, of ${size}`, pack, MAX_PACK_PER_GRANT_MS, "ms a grant"));
  if (size === UP_OF)
    targets.push(atMost(`up of ${size}`, median(seconds(results, "grants", size, "up")), MAX_UP_S, "s"));
  if (sizes.length > 1) {
    for (const operation of GROWTH_OF) {
      const { added } = growth(results, sizes, "grants", operation);
      // A stack that took less than the smallest one: what it costs is lost in the noise, and nothing can be said.
      if (Number.isNaN(added)) continue;
      targets.push(atMost(`growth of ${operation}, without start-up`, added, MAX_EXPONENT, "", 2));
    }
  }
  return targets;
}

function journalTargets({ appends, verify }: JournalResults): Target[] {
  const rate = median(appends["64 at once"]);
  const targets: Target[] = [
    {
      what: "appends with group commit",
      limit: `at least ${MIN_APPENDS} a second`,
      measured: rate.toFixed(0),
      isMet: rate >= MIN_APPENDS,
    },
  ];
  if (verify.events !== VERIFIED) return targets;
  return [...targets, atMost("verifying a million events", median(verify.times.map(inSeconds)), MAX_VERIFY_S, "s")];
}

function atMost(what: string, measured: number, limit: number, unit: string, digits = 1): Target {
  const told = (value: string) => (unit === "" ? value : `${value} ${unit}`);
  return { what, limit: told(`at most ${limit}`), measured: told(measured.toFixed(digits)), isMet: measured <= limit };
}

function seconds(results: EngineResults, stack: StackKind, size: number, operation: Operation): number[] {
  return results.times(stack, size, operation).map(inSeconds);
}

function inSeconds(ms: number): number {
  return ms / 1000;
}

function spread(values: readonly number[], digits: number): string {
  const [middle, low, high] = [median(values), Math.min(...values), Math.max(...values)].map((n) => n.toFixed(digits));
  return values.length < 2 ? `${middle}` : `${middle} (${low} to ${high})`;
}

function mebi(bytes: number): string {
  return bytes === 0 ? "-" : (bytes / MIB).toFixed(0);
}
