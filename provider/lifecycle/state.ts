// SPDX-License-Identifier: Apache-2.0
import {
  type Digest,
  type Instant,
  isDocumentError,
  type Place,
  parseInstant,
  parseRequest,
  type Request,
  requestDigestOf,
  type StackRef,
} from "@elevation/domain";
import type { GrantRecord, Head } from "@elevation/journal";
import { z } from "zod";
import { GrantError } from "../errors";
import type { Access } from "./ports";

const placeSchema = z.object({
  kind: z.string(),
  connection: z.string(),
  role: z.string(),
  server: z.string(),
  identity: z.string(),
  object: z.string(),
});

const inputsSchema = z.object({
  request: z.unknown(),
  origin: z.string(),
  organization: z.string().min(1),
  project: z.string().min(1),
  stack: z.string().min(1),
});

const stateSchema = inputsSchema
  .extend({
    digest: z.string(),
    status: z.enum(["scheduled", "active", "expired", "revoked", "failed", "stuck"]),
    rule: z.string().nullable().default(null),
    activatedAt: z.string().nullable().default(null),
    expiresAt: z.string().nullable().default(null),
    place: placeSchema.nullable().default(null),
    witness: z.object({ seq: z.number(), hash: z.string() }).nullable().default(null),
    drift: z.array(z.string()).default([]),
  })
  .refine((state) => state.place === null || state.expiresAt !== null, "an open Grant lacks its expiry");

/** A Grant's inputs: the request as written, where it came from, and the stack that it belongs to. */
export interface GrantInputs extends StackRef {
  readonly request: Request;
  /** Computed here from the request, never taken from an input. */
  readonly digest: Digest;
  /** Path of the request file below the requests folder; empty for a grant written in a program. */
  readonly origin: string;
}

/**
 * What the state keeps of a Grant: all that ending it needs (`place`), and the last journal event that it has seen
 * (`witness`). `place` is null while nothing was ever opened by this resource: scheduled, or inert.
 */
export interface GrantState extends GrantInputs {
  readonly status: z.infer<typeof stateSchema>["status"];
  readonly rule: string | null;
  readonly activatedAt: string | null;
  readonly expiresAt: string | null;
  readonly place: Place | null;
  readonly witness: Head | null;
  /** What the last refresh found wider than we made it. */
  readonly drift: readonly string[];
}

/** A state whose access may be open. */
export type OpenState = GrantState & { readonly place: Place; readonly expiresAt: string };

/** Reads the inputs of a Grant. Throws GrantError `input-invalid`. */
export function readInputs(props: unknown): GrantInputs {
  const parsed = inputsSchema.safeParse(props);
  if (!parsed.success)
    throw new GrantError("input-invalid", `a Grant's inputs are malformed: ${z.prettifyError(parsed.error)}`);
  const request = readRequestInput(parsed.data.request);
  const { origin, organization, project, stack } = parsed.data;
  return { request, digest: requestDigestOf(request), origin, organization, project, stack };
}

/**
 * Reads what the state keeps, leniently where ending doesn't need it: a state written by another version must stay
 * revocable. Throws GrantError `input-invalid` only where it can't be known what to end.
 */
export function readState(props: unknown): GrantState {
  const parsed = stateSchema.safeParse(props);
  if (!parsed.success)
    throw new GrantError("input-invalid", `a Grant's state is malformed: ${z.prettifyError(parsed.error)}`);
  return parsed.data as unknown as GrantState;
}

/**
 * What may be open of a Grant. By the journal's intent where it calls the grant live: the state may be older, or of a run
 * that was killed before it could write one. Else by the state. Null where neither says that anything is.
 */
export function openOf(state: GrantState, known: GrantRecord | null): OpenState | null {
  if (known?.status === "live" && isOfStack(known, state)) {
    const { drift, witness } = state;
    const status = state.status === "stuck" ? "stuck" : "active";
    return { ...openFromIntent(state, known), status, drift, witness: witness ?? known.last };
  }
  return isOpen(state) ? state : null;
}

/** A Grant as the journal's intent has it. */
export function openFromIntent(inputs: GrantInputs, { intent, last }: GrantRecord): OpenState {
  const { rule, activatedAt, expiresAt, place } = intent;
  return { ...closedState(inputs), status: "active", rule, activatedAt, expiresAt, place, witness: last };
}

/** A grant as the journal alone has it. */
export function openFromRecord(record: GrantRecord): OpenState {
  const { request, origin } = record.intent;
  const known = opened.get(record);
  if (known !== undefined) return known;
  const state = openFromIntent({ request, digest: record.digest, origin: origin ?? "", ...record.stack }, record);
  opened.set(record, state);
  return state;
}

/** A record never changes, and a reaper asks for all of them each second. */
const opened = new WeakMap<GrantRecord, OpenState>();

/** A Grant of which nothing was ever opened. */
export function closedState(inputs: GrantInputs): GrantState {
  const { request, digest, origin, organization, project, stack } = inputs;
  return {
    ...{ request, digest, origin, organization, project, stack },
    status: "failed",
    rule: null,
    activatedAt: null,
    expiresAt: null,
    place: null,
    witness: null,
    drift: [],
  };
}

/** Whether a digest's first intent, or its schedule, was this stack's: it belongs to that one (design §6 "Reconcile"). */
export function isOfStack({ stack }: Pick<GrantRecord, "stack">, where: StackRef): boolean {
  return (["organization", "project", "stack"] as const).every((key) => stack[key] === where[key]);
}

function isOpen(state: GrantState): state is OpenState {
  return state.place !== null && state.status !== "expired" && state.status !== "revoked";
}

/** What ending needs of a grant. */
export type Endable = Pick<OpenState, "digest" | "place" | "expiresAt" | "witness">;

export function accessOf(state: Endable): Access {
  return { digest: state.digest, place: state.place, expiresAt: instantOf(state.expiresAt) };
}

/** An instant that we wrote ourselves. Throws GrantError `input-invalid` if the state was edited. */
export function instantOf(text: string): Instant {
  const instant = parseInstant(text);
  if (instant === null) throw new GrantError("input-invalid", `\`${text}\` in a Grant's state is no instant`);
  return instant;
}

/** A copy that Pulumi can carry: dates, maps, `undefined` and bigints would fail after the effect, or change silently. */
export function jsonSafe<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function readRequestInput(value: unknown): Request {
  try {
    return parseRequest(value, "the request");
  } catch (error) {
    if (isDocumentError(error)) throw new GrantError("input-invalid", error.message, { cause: error });
    throw error;
  }
}
