// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import {
  type Admins,
  type OrderTrust,
  readAdmins,
  readAllowedSigners,
  readDirectory,
  readRevokedKeys,
} from "@elevation/domain";
import type { World } from "@elevation/provider/lifecycle";
import { OrderDesk, type OrderEvent, openInbox } from "@elevation/reaper";
import { readSource } from "./documents";
import { CommandError, EXIT } from "./exit";
import type { Terminal } from "./terminal";
import { Watched } from "./watched";

export interface OrderOptions {
  readonly orders?: string;
  readonly allowedSigners?: string;
  readonly revokedKeys?: string;
  readonly directory?: string;
  readonly dryRun?: boolean;
}

/** Where orders come from, and by whom they may be signed. */
export interface Orders {
  /** A desk that takes them; whoever has it tells what happens. */
  desk(world: World, on: (event: OrderEvent) => void): OrderDesk;
  /** Whether the files that say who may sign could not be read when they were last looked at. */
  readonly isBad: boolean;
  close(): Promise<void>;
}

/** What `--orders` and its companions name; null where no orders are taken. Throws CommandError. */
export function readOrders(
  options: OrderOptions,
  { environments, atOnce }: { readonly environments: ReadonlySet<string> | null; readonly atOnce: number },
  terminal: Terminal,
): Orders | null {
  const { orders, allowedSigners, revokedKeys, directory } = options;
  if (orders === undefined) {
    requireNothingElse(options);
    return null;
  }
  if (options.dryRun === true) {
    throw new CommandError(
      EXIT.badInput,
      "`--dry-run` changes nothing, and an order that is taken is obeyed; leave out `--orders` or `--dry-run`",
    );
  }
  if (allowedSigners === undefined || directory === undefined) {
    throw new CommandError(
      EXIT.badInput,
      "`--orders` is given without `--allowed-signers` or `--directory`, which say whose signature an order bears; give both",
    );
  }
  const admins = requireAdmins(terminal);
  const inbox = requireInbox(orders, terminal);
  const { cwd } = terminal;
  const say = (line: string) => terminal.say(line);
  const readSigners = () =>
    readAllowedSigners(readSource(cwd, allowedSigners), readDirectory(readSource(cwd, directory)).value);
  const signers = new Watched(cwd, [allowedSigners, directory], readSigners, say);
  const readRevoked = () =>
    revokedKeys === undefined ? new Set<string>() : readRevokedKeys(readSource(cwd, revokedKeys));
  const revoked = new Watched(cwd, revokedKeys === undefined ? [] : [revokedKeys], readRevoked, say);
  const trust = (): OrderTrust => {
    const list = revoked.current();
    // NB. what it said last may lack the very key that somebody is adding: while it can't be read, nobody's key counts.
    return { signers: signers.current(), revoked: revoked.isBad ? null : list, admins };
  };
  // What is wrong with them is said at once, and not when the first order comes.
  trust();
  return {
    desk: (world, on) => new OrderDesk(world, { inbox, trust, environments, atOnce, random: Math.random, on }),
    get isBad() {
      return signers.isBad || revoked.isBad;
    },
    close: () => inbox.close(),
  };
}

function requireNothingElse({ allowedSigners, revokedKeys }: OrderOptions): void {
  const given =
    allowedSigners !== undefined ? "--allowed-signers" : revokedKeys !== undefined ? "--revoked-keys" : null;
  if (given === null) return;
  throw new CommandError(
    EXIT.badInput,
    `\`${given}\` says who may sign orders, and none are taken; give \`--orders\` too, or leave it out`,
  );
}

function requireAdmins({ env }: Terminal): Admins | null {
  const admins = readAdmins(env);
  if (admins !== null && "problem" in admins) throw new CommandError(EXIT.badInput, admins.problem);
  return admins;
}

function requireInbox(address: string, { cwd, env }: Terminal): ReturnType<typeof openInbox> {
  try {
    return openInbox(address, resolve(cwd, address), env);
  } catch (error) {
    throw new CommandError(EXIT.badInput, `\`--orders\` ${(error as Error).message}`);
  }
}
