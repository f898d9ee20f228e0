// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";

/** A moment in the work on one grant at PostgreSQL: a statement that is not sent yet, or whose answer is not yet back. */
export interface StatementPoint {
  readonly side: "before" | "after";
  readonly statement: RegExp;
  /** Which of several, from 1 on, counted from when the hold was set. */
  readonly nth?: number;
}

/** A hold on one grant's connection. */
export interface Hold {
  /** Resolves when the connection is held: for `after`, once the server has answered. */
  readonly reached: Promise<void>;
  readonly isReached: () => boolean;
  /** Lets the connection go on with all that was held. */
  resume(): void;
}

/** A way to PostgreSQL on loopback that reads along and can hold each grant's connection at a statement of its own. */
export interface StatementProxy {
  readonly port: number;
  /** `object`: the grant's role; a connection belongs to the first one that it names since it was taken. */
  hold(object: string, point: StatementPoint): Hold;
  /** Forgets all holds and lets everything go on. */
  resume(): void;
  /** Forgets all holds and cuts every connection. */
  cut(): void;
  /** Resolves once no connection is open. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

interface Rule {
  readonly object: string;
  readonly point: StatementPoint;
  readonly reach: () => void;
  seen: number;
  isReached: boolean;
}

const OBJECT = /elev_[0-9a-f]{40}/;
/** Whoever takes a connection, a new one or one that another grant has finished with, asks the server first who it is. */
const TAKEN = "pg_control_system";

/** One connection through the proxy, and what is held of it in each direction. */
class Link {
  rule: Rule | null = null;
  private object: string | null = null;
  /** Texts of the statements that were prepared here, by their names. */
  private readonly prepared = new Map<string, string>();
  private readonly client: Socket;
  private readonly upstream: Socket;
  private toServer: Buffer[] = [];
  private toClient: Buffer[] = [];

  constructor(client: Socket, upstream: Socket, rules: ReadonlySet<Rule>) {
    this.client = client;
    this.upstream = upstream;
    client.on("data", (data) => this.fromClient(data, rules));
    upstream.on("data", (data) => this.fromServer(data));
  }

  resume(): void {
    this.rule = null;
    for (const data of this.toServer.splice(0)) this.upstream.write(data);
    for (const data of this.toClient.splice(0)) this.client.write(data);
  }

  destroy(): void {
    this.client.destroy();
    this.upstream.destroy();
  }

  /** NB. the client waits for each answer, so whatever comes together belongs to one statement. */
  private fromClient(data: Buffer, rules: ReadonlySet<Rule>): void {
    const text = this.textOf(data);
    if (text.includes(TAKEN)) this.object = null;
    this.object ??= OBJECT.exec(text)?.[0] ?? null;
    if (this.rule !== null) {
      this.toServer.push(data);
      return;
    }
    this.rule = [...rules].find((rule) => this.meets(rule, text)) ?? null;
    if (this.rule?.point.side !== "before") {
      this.upstream.write(data);
      return;
    }
    this.toServer.push(data);
    this.rule.reach();
  }

  /** What is sent, and where it runs a prepared statement that one's text as well. */
  private textOf(data: Buffer): string {
    const texts = [data.toString("latin1")];
    // The first message of a connection has no type; nothing is prepared by it.
    for (let at = 0; at + 5 <= data.length; ) {
      const type = String.fromCharCode(data[at] ?? 0);
      const end = at + 1 + data.readUInt32BE(at + 1);
      const [first = "", second = ""] = data.toString("latin1", at + 5, end).split("\0");
      if (type === "P") this.prepared.set(first, second);
      if (type === "B") texts.push(this.prepared.get(second) ?? "");
      at = end;
    }
    return texts.join("\0");
  }

  private fromServer(data: Buffer): void {
    if (this.rule === null) {
      this.client.write(data);
      return;
    }
    this.toClient.push(data);
    this.rule.reach();
  }

  private meets(rule: Rule, text: string): boolean {
    if (rule.object !== this.object || rule.isReached || !rule.point.statement.test(text)) return false;
    rule.seen++;
    return rule.seen === (rule.point.nth ?? 1);
  }
}

export async function startStatementProxy(target: number): Promise<StatementProxy> {
  const links = new Set<Link>();
  const rules = new Set<Rule>();
  let becameIdle: () => void = () => undefined;
  const server = createServer((client) => {
    const upstream = dial(target, "127.0.0.1");
    const link = new Link(client, upstream, rules);
    links.add(link);
    for (const socket of [client, upstream]) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        link.destroy();
        links.delete(link);
        if (links.size === 0) becameIdle();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    rules.clear();
    for (const link of links) link.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    hold: (object, point) => {
      const { rule, reached } = aRule(object, point);
      rules.add(rule);
      const resume = () => {
        rules.delete(rule);
        for (const link of links) if (link.rule === rule) link.resume();
      };
      return { reached, resume, isReached: () => rule.isReached };
    },
    resume: () => {
      rules.clear();
      for (const link of links) link.resume();
    },
    cut,
    idle: () =>
      new Promise((resolve) => {
        becameIdle = resolve;
        if (links.size === 0) resolve();
      }),
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}

function aRule(object: string, point: StatementPoint): { rule: Rule; reached: Promise<void> } {
  let reach: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const rule: Rule = {
    ...{ object, point, seen: 0, isReached: false },
    reach: () => {
      rule.isReached = true;
      reach();
    },
  };
  return { rule, reached };
}
