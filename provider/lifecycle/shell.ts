// SPDX-License-Identifier: Apache-2.0
import type { StackConfig } from "../settings";
import { activate } from "./activate";
import { check } from "./check";
import { createWorld } from "./create-world";
import { withinTime } from "./deadline";
import { diff } from "./diff";
import { read, remove } from "./read";
import { type GrantState, jsonSafe, readInputs, readState } from "./state";
import { update } from "./update";
import { type Deadline, reasonOf } from "./world";

type Props = Record<string, unknown>;

/** Longest time of one operation on one grant, in milliseconds: `customTimeouts` do nothing for dynamic providers. */
const OPERATION_TIMEOUT = 120_000;

/**
 * What the literal shell in every Grant's state calls: the dynamic provider, as Pulumi's plugin wants it. All that
 * happens, happens in the lifecycle; here errors are tidied and results made fit to be carried.
 */
export function handler() {
  survivePipes();
  let config: StackConfig = () => undefined;
  const world = createWorld(process.env, {
    config: (key) => config(key),
    actor: { kind: "job", key: "unverified" },
    say,
  });
  return {
    // NB. synchronous: the plugin doesn't wait for it before a second call uses the same provider.
    configure: (request: { config: { get(key: string): string | undefined } }): Promise<void> => {
      config = (key) => request.config.get(key);
      return Promise.resolve();
    },
    check: (_olds: Props, news: Props) => tidily("check", async () => ({ inputs: news, failures: check(world, news) })),
    diff: (_id: string, olds: Props, news: Props) => tidily("diff", () => diff(world, olds, news)),
    create: (inputs: Props) =>
      tidily("create", async (deadline) => {
        const state = await activate({ ...world, deadline }, readInputs(inputs));
        return { id: state.digest, outs: jsonSafe(state) };
      }),
    read: (id: string, props: Props) =>
      tidily("read", async () => {
        const state = await read(world, readState(props));
        return state === null ? {} : { id, props: jsonSafe(state) };
      }),
    update: (_id: string, olds: Props, news: Props) =>
      tidily("update", async (deadline) => {
        const state = await update({ ...world, deadline }, readState(olds), readInputs(news));
        return { outs: jsonSafe(state) };
      }),
    delete: (_id: string, props: Props) => tidily("delete", () => remove(world, readState(props))),
  };
}

/** Bounds the time, and makes an error print as one clean message: the plugin adds the stack of most of them. */
async function tidily<T>(operation: string, run: (deadline: Deadline) => Promise<T>): Promise<T> {
  try {
    return await withinTime(operation, OPERATION_TIMEOUT, run);
  } catch (error) {
    throw tidy(error);
  }
}

function tidy(error: unknown): Error {
  const message = reasonOf(error);
  const kept = error as Partial<{ id: string; properties: GrantState; reasons: string[] }>;
  const carried = kept.id === undefined ? {} : { id: kept.id, properties: kept.properties, reasons: kept.reasons };
  return Object.assign(new Error(message), { stack: "", toString: () => message, ...carried });
}

/**
 * NB. An orphan, whose engine was killed, talks into a broken pipe. Without a listener the plugin's own handler of
 * uncaught errors would tell of each failed write by another one, in a loop that leaves no time to finish the work.
 */
function survivePipes(): void {
  if (process.stderr.listenerCount("error") === 0) process.stderr.on("error", () => undefined);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
