// SPDX-License-Identifier: Apache-2.0
import type { Target, TargetConnection } from "@elevation/provider/lifecycle";
import { MemoryTarget } from "../../support/memory-target";
import type { SimClock } from "./sim-clock";

/** The connections of the simulated world, each to a server of its own. */
export const CONNECTIONS = ["orders", "ledger"] as const;
export type Connection = (typeof CONNECTIONS)[number];

/** After so long a call to a server that says nothing fails, in milliseconds. */
const SILENT = 20_000;

/** A server that can be down, or take what it is told and say nothing. */
export class SimTarget extends MemoryTarget {
  trouble: "down" | "silent" | null = null;

  constructor(clock: SimClock) {
    super(() => clock.now);
    this.before = async () => {
      if (this.trouble === "down") throw new Error("the server is down");
      if (this.trouble !== "silent") return;
      await clock.wait(SILENT);
      if (this.trouble === "silent") throw new Error(`the server said nothing for ${SILENT / 1000} s`);
    };
  }
}

export type SimTargets = Readonly<Record<Connection, SimTarget>>;

/** One process's way to them: `alive` wraps each call. */
export function targetOf(targets: SimTargets, alive: <T>(call: () => Promise<T>) => Promise<T>): Target {
  const { orders } = targets;
  return {
    kind: orders.kind,
    objectName: (digest) => orders.objectName(digest),
    effect: () => orders.effect(),
    connections: () => CONNECTIONS,
    connect: async (name) => {
      const connection = await alive(() => targets[name as Connection].connect(name));
      return wrapped(connection, alive);
    },
  };
}

function wrapped(connection: TargetConnection, alive: <T>(call: () => Promise<T>) => Promise<T>): TargetConnection {
  return {
    server: connection.server,
    clock: () => alive(() => connection.clock()),
    preflight: (place) => alive(() => connection.preflight(place)),
    create: (access) => alive(() => connection.create(access)),
    observe: (access) => alive(() => connection.observe(access)),
    cutBack: (access) => alive(() => connection.cutBack(access)),
    revoke: (access, spares) => alive(() => connection.revoke(access, spares)),
    holdings: (role) => alive(() => connection.holdings(role)),
    heldAlready: (place) => alive(() => connection.heldAlready(place)),
    sweep: (mayClear) => alive(() => connection.sweep(mayClear)),
    list: () => alive(() => connection.list()),
    close: () => connection.close(),
  };
}
