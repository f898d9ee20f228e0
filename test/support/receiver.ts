// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a receiver was sent. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP server on this machine, whose answers a test decides. */
export interface Receiver {
  /** As in http://127.0.0.1:4711/hook. */
  readonly url: string;
  readonly received: Received[];
  /** Answers what comes from now on; 204 unless it is set. */
  answer: (response: ServerResponse, received: Received) => void;
  /** The next that comes and fits, of those that nobody waited for yet, too. */
  next(fits?: (received: Received) => boolean): Promise<Received>;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  let seen = 0;
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      const received = { method, path, headers, body: `${Buffer.concat(chunks)}` };
      receiver.received.push(received);
      receiver.answer(response, received);
      for (const wake of waiting.splice(0)) wake();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    answer: (response) => void response.writeHead(204).end(),
    next: async (fits = () => true) => {
      for (;;) {
        while (seen < receiver.received.length) {
          const received = receiver.received[seen++];
          if (received !== undefined && fits(received)) return received;
        }
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
