// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import type { EventType, JournalEvent, NewEvent } from "@elevation/domain";
import { canonicalJson, doubledKey, parseInstant, sha256Hex } from "@elevation/domain";
import type { Head } from "./store";

const TYPES: Readonly<Record<EventType, true>> = {
  opened: true,
  decided: true,
  activating: true,
  activated: true,
  revoking: true,
  revoked: true,
  expired: true,
  failed: true,
  stuck: true,
  drift: true,
  orphan: true,
  residue: true,
  approval: true,
  order: true,
  reviewed: true,
  bundle: true,
  checkpoint: true,
};
const ACTOR_KINDS = ["job", "reaper", "person"];
const FIELDS = new Set(["seq", "at", "type", "request", "actor", "digest", "prev", "hash", "data", "salt"]);
/** A line of {@link formatLine}, but for the instant and the data, of which it says only where they stand. */
const WRITTEN = new RegExp(
  [
    '^{"seq":[1-9]\\d{0,14},"at":"[-+:.,\\dTZ]+"',
    `,"type":"(?:${Object.keys(TYPES).join("|")})"`,
    ',"request":(?:null|"sha256:[0-9a-f]{64}")',
    `,"actor":{"kind":"(?:${ACTOR_KINDS.join("|")})","key":"[ !#-[\\]-~]*"}`,
    ',"digest":"[0-9a-f]{64}","prev":"[0-9a-f]{64}","hash":"[0-9a-f]{64}"',
    '(?:,"data":([^]*),"salt":"[0-9a-f]{32}")?}$',
  ].join(""),
);
/** Instants as we write them, on days that every month has: they need no look into the calendar. */
const PLAIN_INSTANT = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const HASH = /^[0-9a-f]{64}$/;
const SALT = /^[0-9a-f]{32}$/;
const REQUEST = /^sha256:[0-9a-f]{64}$/;

type Chained = Pick<JournalEvent, "seq" | "at" | "type" | "request" | "actor" | "digest" | "prev">;

declare const shaped: unique symbol;
/** An event in which {@link shapeProblem} found nothing. Only {@link parseLine} says so of one. */
export type ShapedEvent = JournalEvent & { readonly [shaped]: true };

/** `digest` of an event: hex SHA-256 of `salt` followed by the canonical JSON of `data` (design §9). */
export function dataDigest(salt: string, data: unknown): string {
  return sha256Hex(salt + canonicalJson(data));
}

/**
 * `hash` of an event whose shape holds: over everything but itself and the personal data, so that an export without data
 * verifies. It is made of their canonical JSON: the order is known, and what the shape allows needs no escapes but the key.
 */
export function eventHash({ seq, at, type, request, actor, digest, prev }: Chained): string {
  const of = request === null ? "null" : `"${request}"`;
  return sha256Hex(
    `{"actor":{"key":${canonicalJson(actor.key)},"kind":"${actor.kind}"},"at":"${at}","digest":"${digest}","prev":"${prev}","request":${of},"seq":${seq},"type":"${type}"}`,
  );
}

/**
 * Makes the event that follows `prev`. Throws TypeError on what is no event: an unknown type or actor, an `at` that is no
 * instant, data that JSON cannot say. That is a fault of the caller, and must not reach a chain that can't be mended.
 */
export function sealEvent(event: NewEvent, prev: Head): JournalEvent {
  const salt = randomBytes(16).toString("hex");
  const { at, type, request } = event;
  const actor = { kind: event.actor.kind, key: event.actor.key };
  const digest = dataDigest(salt, event.data);
  // What is kept is what a reader will parse: no `undefined`, no objects with a `toJSON`.
  const data: unknown = JSON.parse(JSON.stringify(event.data));
  const chained: Chained = { seq: prev.seq + 1, at, type, request, actor, digest, prev: prev.hash };
  // NB. Before it is hashed: a hash of what is no event would be of no use, so another one stands in for it.
  const problem = shapeProblem({ ...chained, hash: prev.hash, data, salt });
  if (problem !== null) throw new TypeError(`this is no journal event: ${problem}`);
  return { ...chained, hash: eventHash(chained), data, salt };
}

/** One line of the file, newline included. The order of the fields is that of design §9. */
export function formatLine(event: JournalEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/**
 * The event that a line without its newline holds, or what is wrong with it. Nothing is hashed here.
 *
 * INVARIANT (one-reading): a line in which a key stands twice is refused. No hash covers the text itself: the parser takes
 * the last, and another reader of the file (`grep`, a person, a parser that takes the first) would be shown what was never
 * journaled, in a chain that verifies. Blanks and escapes are no second reading: exports by other tools have them.
 */
export function parseLine(line: string): { readonly event: ShapedEvent } | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { problem: "it is not JSON" };
  }
  if (isWritten(line, value)) return { event: value };
  const problem = shapeProblem(value) ?? doubledProblem(line);
  return problem === null ? { event: value as ShapedEvent } : { problem };
}

function doubledProblem(line: string): string | null {
  const key = doubledKey(line);
  return key === null ? null : `its key \`${key}\` stands twice`;
}

/**
 * Whether a line that holds `value` is written as {@link formatLine} does, which is found out in a part of the time of
 * what {@link parseLine} does otherwise, and a journal has a million such lines. False of any other line, good or not.
 *
 * Such a line has the shape of an event, and keeps the invariant (one-reading): each key outside of the data stands once,
 * since the pattern names them all; where the data should stand is its text as `JSON.stringify` writes it, so nothing but
 * the data stands there, and no key of it twice. test/property/journal.test.ts compares this with the long way.
 */
function isWritten(line: string, value: unknown): value is ShapedEvent {
  const found = WRITTEN.exec(line);
  if (found === null) return false;
  const { at, data } = value as JournalEvent;
  return (PLAIN_INSTANT.test(at) || parseInstant(at) !== null) && JSON.stringify(data) === found[1];
}

/**
 * What keeps a value from being an event of design §9, or null. A field that we don't know is refused: no hash covers it,
 * and a reader of the file might believe it. So is a type that we don't know: it might have ended a grant.
 */
export function shapeProblem(value: unknown): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "it is no object";
  const event = value as Record<string, unknown>;
  const unknownField = Object.keys(event).find((field) => !FIELDS.has(field));
  if (unknownField !== undefined) return `its field \`${unknownField}\` is none of a journal event`;
  if (!Number.isSafeInteger(event["seq"]) || (event["seq"] as number) < 1) return "its `seq` is no number from 1";
  if (!isText(event["at"]) || parseInstant(event["at"]) === null) return "its `at` is no instant";
  if (!isText(event["type"]) || !Object.hasOwn(TYPES, event["type"]))
    return "its `type` is none that this version knows";
  if (event["request"] !== null && !matches(event["request"], REQUEST)) return "its `request` is no digest";
  if (!isActor(event["actor"])) return "its `actor` is none";
  const malformed = ["digest", "prev", "hash"].find((field) => !matches(event[field], HASH));
  if (malformed !== undefined) return `its \`${malformed}\` is not 64 hex digits`;
  if ((event["data"] === undefined) !== (event["salt"] === undefined)) return "it has only one of `data` and `salt`";
  if (event["salt"] !== undefined && !matches(event["salt"], SALT)) return "its `salt` is not 32 hex digits";
  return null;
}

function isActor(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { kind, key } = value as Record<string, unknown>;
  if (!isText(kind) || !ACTOR_KINDS.includes(kind) || !isText(key)) return false;
  return Object.keys(value).every((field) => field === "kind" || field === "key");
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function matches(value: unknown, pattern: RegExp): boolean {
  return isText(value) && pattern.test(value);
}
