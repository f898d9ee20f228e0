// SPDX-License-Identifier: Apache-2.0
import { hrtime } from "node:process";
import { setFlagsFromString } from "node:v8";
import { casbinWith } from "./decide/casbin";
import { cedarWith } from "./decide/cedar";
import type { Contestant, Decider } from "./decide/contestant";
import { opaWith } from "./decide/opa";
import { ours } from "./decide/ours";
import { compileRego, installPeers } from "./decide/peers";
import { makeScenario, type Scenario, SIZES } from "./decide/scenario";
import type { BenchOptions } from "./options";

/** What one engine did with one policy. */
export interface DecideResult {
  readonly size: string;
  readonly engine: string;
  /** Decisions a second, of each run. */
  readonly perSecond: readonly number[];
  /** Microseconds that ninety-nine of a hundred decisions take at most, each timed by itself. */
  readonly p99: number;
}

export interface DecideResults {
  readonly results: readonly DecideResult[];
  /** How many of the requests are allowed, by policy. */
  readonly allowed: ReadonlyMap<string, string>;
  /** Bytes that ten thousand people and a thousand rules take, compiled. */
  readonly memory: number;
  /** Engines that can't be had here, and why. */
  readonly absent: readonly string[];
}

const WARM_UP_MS = 300;
const RUN_MS = 700;
const TIMED = 20_000;
/** Of a slow engine no more than that is spent on timing single decisions. */
const LONGEST_MS = 2_000;

type Say = (line: string) => void;

/**
 * Measures how fast each engine decides the same requests by the same policies, in one process and on one core. All answers are compared
 * first; an engine that gives another one is a fault of the benchmark, and ends it.
 */
export async function measureDecisions({ runs }: BenchOptions, say: Say): Promise<DecideResults> {
  // NB. V8 of Node 20 now and then dies of "unreachable code" when it throws away compiled code that has a call into WebAssembly
  // inlined; OPA and Cedar are WebAssembly. The call costs them nanoseconds of their microseconds.
  setFlagsFromString("--no-turbo-inline-js-wasm-calls");
  const { contestants, absent } = await gather(say);
  const results: DecideResult[] = [];
  const allowed = new Map<string, string>();
  let memory = 0;
  for (const size of SIZES) {
    const before = heap();
    const scenario = makeScenario(size);
    const deciders = [{ name: ours.name, decide: await ours.prepare(scenario) }];
    const answers = answersOf(deciders[0]?.decide, scenario);
    memory = heap() - before;
    allowed.set(size.name, `${answers.filter(Boolean).length} of ${answers.length}`);
    for (const contestant of contestants) {
      say(`${size.name}: ${contestant.name}`);
      const decide = await contestant.prepare(scenario);
      requireSame(contestant, scenario, answers, answersOf(decide, scenario));
      deciders.push({ name: contestant.name, decide });
    }
    const perSecond = new Map<string, number[]>(deciders.map(({ name }) => [name, []]));
    // In turns, so that a busy moment hits them all.
    for (let run = 0; run < runs; run++) {
      for (const { name, decide } of deciders) perSecond.get(name)?.push(rate(decide, scenario));
    }
    for (const { name, decide } of deciders) {
      const times = perSecond.get(name) ?? [];
      results.push({ size: size.name, engine: name, perSecond: times, p99: p99(decide, scenario) });
    }
  }
  return { results, allowed, memory, absent };
}

async function gather(say: Say): Promise<{ contestants: readonly Contestant[]; absent: readonly string[] }> {
  const reason = (error: unknown) => (error instanceof Error ? error.message.split("\n")[0] : String(error));
  try {
    const load = await installPeers(say);
    const others = [cedarWith(load), casbinWith(load)];
    try {
      const wasm = await compileRego(say);
      return { contestants: [opaWith(load, async () => wasm), ...others], absent: [] };
    } catch (error) {
      return { contestants: others, absent: [`OPA: its policy could not be compiled (${reason(error)})`] };
    }
  } catch (error) {
    return { contestants: [], absent: [`OPA, Cedar, Casbin: they could not be installed (${reason(error)})`] };
  }
}

function answersOf(decide: Decider | undefined, { requests }: Scenario): boolean[] {
  return requests.map((_, index) => decide?.(index) === true);
}

function requireSame({ name }: Contestant, scenario: Scenario, ours: readonly boolean[], theirs: readonly boolean[]) {
  const at = ours.findIndex((answer, index) => answer !== theirs[index]);
  if (at < 0) return;
  const request = JSON.stringify(scenario.requests[at]);
  throw new Error(`${scenario.name}: we say ${ours[at]}, ${name} says ${theirs[at]} of ${request}`);
}

/** Decisions a second, after a warm-up. */
function rate(decide: Decider, { requests }: Scenario): number {
  spend(decide, requests.length, WARM_UP_MS);
  const { count, ms } = spend(decide, requests.length, RUN_MS);
  return (count / ms) * 1000;
}

function spend(decide: Decider, requests: number, atLeastMs: number): { count: number; ms: number } {
  const start = performance.now();
  // NB. The clock is looked at seldom enough to cost nothing, and often enough for an engine that takes milliseconds.
  for (let count = 0; ; ) {
    const batch = count === 0 ? 1 : Math.min(count, 10_000);
    for (let at = 0; at < batch; at++) decide((count + at) % requests);
    count += batch;
    const ms = performance.now() - start;
    if (ms >= atLeastMs) return { count, ms };
  }
}

function p99(decide: Decider, { requests }: Scenario): number {
  const times: number[] = [];
  const until = performance.now() + LONGEST_MS;
  for (let at = 0; at < TIMED && (at < 100 || performance.now() < until); at++) {
    const start = hrtime.bigint();
    decide(at % requests.length);
    times.push(Number(hrtime.bigint() - start) / 1000);
  }
  return times.sort((one, other) => one - other)[Math.floor(times.length * 0.99)] ?? 0;
}

/** Bytes in use; exact only where node runs with --expose-gc. */
function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
