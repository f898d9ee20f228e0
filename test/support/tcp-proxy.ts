// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer, connect as dial, type Socket } from "node:net";

/** A way to a server on loopback that a test can close, and hold at a chosen moment. */
export interface TcpProxy {
  readonly port: number;
  /** Refuses new connections and cuts open ones, as a server that is down does; `up` ends it. */
  down(): void;
  up(): void;
  /** Holds what the server says from the first packet on that contains `text`; resolves when that has happened. */
  holdAfter(text: string): Promise<void>;
  /** Lets go of what was held, and cuts those connections. */
  release(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let isDown = false;
  let hold: { text: string; reached: () => void; held: boolean } | null = null;
  const server = createServer((client) => {
    if (isDown) return void client.destroy();
    const upstream = dial(target, "127.0.0.1");
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (data) => upstream.write(data));
    upstream.on("data", (data) => {
      if (hold !== null && data.includes(hold.text)) {
        hold.held = true;
        hold.reached();
      }
      if (hold?.held !== true) client.write(data);
    });
    return undefined;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    down: () => {
      isDown = true;
      cut();
    },
    up: () => {
      isDown = false;
    },
    holdAfter: (text) =>
      new Promise((reached) => {
        hold = { text, reached, held: false };
      }),
    release: () => {
      hold = null;
      cut();
    },
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
