// SPDX-License-Identifier: Apache-2.0
import { digestOf, type EventData, formatInstant, type NewEvent, type Request } from "@elevation/domain";
import { initJournal, openStore } from "@elevation/journal";

const JOB = { kind: "job", key: "unverified" } as const;
const MINUTE = 60_000;
/** What one ended grant leaves: its decision, intent, outcome and end. */
const EACH = 4;

/**
 * Makes a journal file of so many events, as a team leaves them that elevates itself several times a day: grants of half
 * an hour by twenty people, all ended but the last. Returns the variables that name it.
 */
export async function makeMeasureJournal(
  path: string,
  events: number,
  now: number,
): Promise<{ readonly ELEVATION_JOURNAL: string; readonly ELEVATION_JOURNAL_ID: string }> {
  const address = `file:${path}`;
  const store = openStore(address);
  const grants = Math.ceil((events - 1) / EACH);
  const start = now - (grants + 1) * 20 * MINUTE;
  const { hash } = await initJournal(store, JOB, start);
  const all = Array.from({ length: grants }, (_, index) => lifeOf(index, start + (index + 1) * 20 * MINUTE)).flat();
  await store.append(all.slice(0, events - 1));
  await store.close();
  return { ELEVATION_JOURNAL: address, ELEVATION_JOURNAL_ID: hash };
}

/** The four events that one grant of half an hour leaves: decided, intended, active, ended. */
export function lifeOf(index: number, at: number): NewEvent[] {
  const request = requestOf(index, at);
  const digest = digestOf(request);
  const [begins, ends] = [formatInstant(at), formatInstant(at + 30 * MINUTE)];
  const event = (type: NewEvent["type"], when: string, data: unknown) =>
    ({ at: when, type, request: digest, actor: JOB, data }) as NewEvent;
  const decision = {
    outcome: "allow",
    rule: "dba-orders-short",
    activatesAt: begins,
    expiresAt: ends,
    effectiveEnd: ends,
    violations: [],
    approvals: { required: [], given: [], missing: [] },
    requestDigest: digest,
    policyDigest: digest,
    directoryDigest: digest,
    decidedAt: begins,
  };
  return [
    event("decided", begins, { decision, request }),
    event("activating", begins, intentOf(request, begins, ends)),
    event("activated", begins, { adopted: false }),
    event("expired", ends, { cause: "expiry", endedAt: ends, sessionsEnded: 1 }),
  ];
}

function requestOf(index: number, at: number): Request {
  return {
    apiVersion: "elevation/v1",
    kind: "Request",
    metadata: { name: `person-${index % 20}-orders-${index}` },
    spec: {
      requester: `person-${index % 20}@example.com`,
      role: "orders-admin",
      environment: "staging",
      duration: "PT30M",
      requestedAt: formatInstant(at),
      reason: `Rebuild the index of the orders table after the import of ${index} partners stalled`,
      ticket: `INC-${4711 + index}`,
    },
  };
}

function intentOf(request: Request, activatedAt: string, expiresAt: string): EventData["activating"] {
  const { requester, role, environment } = request.spec;
  const digest = digestOf(request);
  return {
    ...{ organization: "organization", project: "elevation", stack: environment, origin: "request.yaml", request },
    ...{ requester, role, environment, rule: "dba-orders-short", activatedAt, expiresAt },
    ...{ policyDigest: digest, directoryDigest: digest },
    place: {
      kind: "postgres",
      connection: `orders-${environment}`,
      role: "orders_admin",
      server: "7300000000000000001",
      identity: requester.split("@")[0] ?? "",
      object: `elev_${digest.slice("sha256:".length, "sha256:".length + 40)}`,
    },
  };
}
