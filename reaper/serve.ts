// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Instant } from "@elevation/domain";
import type { DrillEvent, DrillName } from "./drill/drill-event";
import { ReaperHealth } from "./health";
import { ReaperMetrics } from "./metrics";
import type { ReaperEvent } from "./reaper";
import type { StacksEvent } from "./stacks/catch-up";
import type { NoticeOutcome } from "./webhook";

/** What a monitor asks a reaper for. */
export interface Monitored {
  /** Where it listens, as in http://127.0.0.1:9464. */
  readonly url: string;
  /** Tells it of an event at an instant. */
  note(event: ReaperEvent | StacksEvent | DrillEvent, at: Instant): void;
  /** Tells it what became of a notice. */
  notice(outcome: NoticeOutcome): void;
  /** Tells it that a drill is done no more. */
  forgetDrill(drill: DrillName): void;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` (OpenMetrics) and `/healthz` (200 or 503) for a monitor, at an address of this machine. Neither names anybody.
 * Rejects where it can't listen there.
 */
export async function serveMonitor(host: string, port: number, clock: () => Instant): Promise<Monitored> {
  const [health, metrics] = [new ReaperHealth(), new ReaperMetrics()];
  const server = createServer((request, response) => void answer(request, response, health, metrics, clock));
  server.listen(port, host);
  await once(server, "listening");
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`,
    note: (event, at) => {
      health.note(event, at);
      metrics.note(event, at);
    },
    notice: (outcome) => metrics.notice(outcome),
    forgetDrill: (drill) => metrics.forgetDrill(drill),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  { method, url }: IncomingMessage,
  response: ServerResponse,
  health: ReaperHealth,
  metrics: ReaperMetrics,
  clock: () => Instant,
): Promise<void> {
  const send = (status: number, type: string, text: string) => {
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text);
  };
  if (method !== "GET" && method !== "HEAD") return send(405, "text/plain", "only GET is answered here\n");
  if (url === "/metrics") return send(200, metrics.contentType, await metrics.text());
  if (url !== "/healthz") return send(404, "text/plain", "there is /healthz and /metrics\n");
  const problem = health.problem(clock());
  const body = problem === null ? { status: "ok" } : { status: "failing", problem };
  return send(problem === null ? 200 : 503, "application/json", `${JSON.stringify(body)}\n`);
}
