// SPDX-License-Identifier: Apache-2.0
import type { EventType, JournalEvent } from "@elevation/domain";
import { isDocumentError, parseInstant, parseRequest, requestDigestOf } from "@elevation/domain";

type Fields = Readonly<Record<string, unknown>>;

/** Types that say something of one request, so that `request` must name it. An orphan's may be unknown. */
const OF_REQUEST: readonly EventType[] = [
  "decided",
  "activating",
  "activated",
  "revoking",
  "revoked",
  "expired",
  "failed",
  "stuck",
  "drift",
  "residue",
];
const STACK_TEXTS = ["organization", "project", "stack"];
const INTENT_TEXTS = [...STACK_TEXTS, "requester", "role", "environment", "policyDigest"];
const PLACE_TEXTS = ["kind", "connection", "role", "server", "identity", "object"];

/**
 * What keeps an event's data from being what the view of grants is made of, or null. A chain proves that its data was
 * not changed, not that it makes sense: an intent without an expiry must not become a grant that never ends.
 */
export function dataProblem(event: JournalEvent): string | null {
  if (event.salt === undefined) return "its data is left out: this is an export, not the journal";
  if (event.request === null && OF_REQUEST.includes(event.type)) return "it names no `request`";
  const { data } = event;
  if (event.type === "opened") return isFields(data) && data["version"] === 1 ? null : "its version is not 1";
  if (event.type === "activating") return intentProblem(data);
  const problem = `its data is not that of \`${event.type}\``;
  if (event.type === "revoked" || event.type === "expired")
    return isFields(data) && isInstant(data["endedAt"]) ? null : problem;
  if (event.type === "failed" || event.type === "stuck")
    return isFields(data) && isText(data["reason"]) ? null : problem;
  if (event.type === "residue") return isResidue(data) ? null : problem;
  if (event.type === "order") return isFields(data) && isOrder(data["order"]) ? null : problem;
  if (event.type !== "decided") return null;
  if (!isFields(data) || !isFields(data["decision"])) return problem;
  return data["scheduled"] === undefined ? null : scheduleProblem(event, data["scheduled"], data["request"]);
}

/** Access will be opened by what it says: so it must be whole, and of the request that the event names. */
function scheduleProblem(event: JournalEvent, scheduled: unknown, request: unknown): string | null {
  const isWhole =
    isFields(scheduled) &&
    STACK_TEXTS.every((field) => isText(scheduled[field])) &&
    (scheduled["origin"] === null || isText(scheduled["origin"]));
  if (!isWhole) return "its data has no proper `scheduled`";
  try {
    if (requestDigestOf(parseRequest(request, "its request")) === event.request) return null;
    return "its data holds another request than it names";
  } catch (error) {
    if (isDocumentError(error)) return "its data has no proper `request`";
    throw error;
  }
}

function intentProblem(data: unknown): string | null {
  if (!isFields(data)) return "its data is not that of `activating`";
  const missing =
    INTENT_TEXTS.find((field) => !isText(data[field])) ??
    ["activatedAt", "expiresAt"].find((field) => !isInstant(data[field])) ??
    ["rule", "origin"].find((field) => data[field] !== null && !isText(data[field])) ??
    (isFields(data["request"]) ? undefined : "request") ??
    (isPlace(data["place"]) ? undefined : "place") ??
    (data["alreadyHeld"] === undefined || isTexts(data["alreadyHeld"]) ? undefined : "alreadyHeld");
  return missing === undefined ? null : `its data has no proper \`${missing}\``;
}

/** What the view needs of an order; a version to come may write more. */
function isOrder(order: unknown): boolean {
  const payload = isFields(order) ? order["payload"] : null;
  if (!isFields(payload)) return false;
  const { lock } = payload;
  const isLock = lock === undefined || (isFields(lock) && isInstant(lock["until"]));
  return isLock && ["order", "by", "id", "reason"].every((field) => isText(payload[field]));
}

function isPlace(value: unknown): boolean {
  return isFields(value) && PLACE_TEXTS.every((field) => isText(value[field]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}

function isInstant(value: unknown): boolean {
  return isText(value) && parseInstant(value) !== null;
}

function isResidue(data: unknown): boolean {
  if (!isFields(data) || !isTexts(data["residue"])) return false;
  return data["trace"] === undefined || typeof data["trace"] === "string";
}
