// SPDX-License-Identifier: Apache-2.0
import { canonicalJson } from "@elevation/domain";
import type { Access } from "../../lifecycle/ports";
import { type Facts, proofs } from "./catalog";
import { GRANT_ROLE_PATTERN, grantRoleOf, readNote } from "./grant-role";
import { QUERIES, QUERIES_BEFORE_16 } from "./handed-on-query";
import type { Holder } from "./holders";
import { ServerFault, type Session } from "./session";
import type { SharedLooks } from "./shared-looks";
import { tick } from "./text";

/** More sentences than this help nobody; their number is said. */
const MAX_SENTENCES = 50;

/** Transactions by which a change may be the holder's, as ids of 32 bits, in digits. Null if none is known. */
export interface Baseline {
  /** From which on: that of the note, and that of the role itself, which no comment can change; the older one counts. */
  readonly since: readonly string[];
  /** Older ones. */
  readonly open: readonly string[];
}

export function baselineOf(facts: Facts): Baseline | null {
  const made = proofs(facts).map((row) => row.xmin);
  const { open = [], since = null } = readNote(facts.role?.comment ?? null) ?? {};
  // A note is believed only together with what proves the role ours; before 16 it is all that an emptied role has.
  if (facts.role === null || (made.length === 0 && facts.hasOptions)) return null;
  return { since: [...made, ...(since === null ? [] : [shortId(since)])], open: open.map(shortId) };
}

/** A baseline, and who had the access by then, for a look after the role and its note are gone. */
export interface Trace extends Baseline {
  readonly held: readonly number[];
}

export function traceText({ since, open }: Baseline, held: readonly number[]): string {
  return canonicalJson({ held, open, since });
}

/** Null without one, or where it is none of ours. */
export function readTrace(text: string | undefined): Trace | null {
  try {
    const { held, open, since } = JSON.parse(text ?? "null") as Record<string, unknown>;
    return isListOf("number", held) && isListOf("string", open) && isListOf("string", since)
      ? { held, open, since }
      : null;
  } catch {
    return null;
  }
}

function isListOf<T extends "number" | "string">(
  type: T,
  value: unknown,
): value is T extends "number" ? number[] : string[] {
  return Array.isArray(value) && value.every((each) => typeof each === type && /^[0-9]{1,10}$/.test(String(each)));
}

/** What is looked for, and with whom. */
interface Looking {
  readonly holders: readonly Holder[];
  /** The holders' oids, and those of an earlier look. */
  readonly held: readonly number[];
  readonly baseline: Baseline | null;
  readonly looks: SharedLooks;
}

/** As a row carries it. */
function shortId(transaction: string): string {
  return String(BigInt.asUintN(32, BigInt(transaction)));
}

interface Found {
  readonly what: "given" | "owned" | "elsewhere" | "door" | "trap" | "member" | "prepared";
  readonly kind: string;
  readonly name: string;
  readonly who: string;
  readonly by: string;
  readonly rights: string;
  /** Given to somebody who held the access, so it counts whenever it was given. */
  readonly held: boolean;
}

/**
 * Access that stays by other paths than the grant's role, as whole sentences: rights in this database that name a holder,
 * or that the policy's role gave anybody on an object changed since the grant began; what a holder owns since then, here
 * or, as a number, in other databases; what runs with the role's rights, or with others' at the role's tables, and was
 * changed since then; memberships; prepared transactions.
 * Where nothing of it is there for any of the grants that end at the same time, one look says so for all.
 * `first`: what was seen before anything was taken away; a login that was renamed since is found by that.
 * A scan that fails is a sentence too: it never undoes that the grant has ended. Its limits are in docs/postgres.md.
 */
export async function scanHandedOn(
  session: Session,
  access: Access,
  first: Facts,
  { holders, held, baseline, looks }: Looking,
): Promise<readonly string[]> {
  const { database, connection } = session;
  const { since = [], open = [] } = baseline ?? {};
  const [person, role] = [first.person?.oid ?? null, first.policyRole?.oid ?? null];
  const superusers = holders.filter((holder) => holder.isSuperuser).map(({ name }) => `${tick(name)} is a superuser`);
  if (!(await looks.mayConcern(session, { person, role, held, since, open }))) return superusers;
  try {
    const { scan, otherWays } = session.hasOptions ? QUERIES : QUERIES_BEFORE_16;
    const found = await session.rows<Found>(scan, [role, held, since, open]);
    const ways = await session.rows<{ first: string }>(otherWays, [person, role, GRANT_ROLE_PATTERN]);
    const sentences = [
      ...superusers,
      ...ways.map(({ first }) => otherWay(access, first)),
      ...found
        .filter((row) => row.name !== grantRoleOf(access) || row.what !== "member")
        .map((row) => sentenceOf(row, database)),
    ];
    return atMost(sentences);
  } catch (error) {
    if (!(error instanceof ServerFault)) throw error;
    return [
      `rights handed on in database ${tick(database)} at connection \`${connection}\` could not be looked for: ${error.message}`,
    ];
  }
}

function otherWay({ place }: Access, first: string): string {
  const through = first === place.role ? "directly" : `through ${tick(first)}`;
  return `${tick(place.identity)} is a member of ${tick(place.role)} by another path than this grant, ${through}`;
}

function sentenceOf({ what, kind, name, who, by, rights, held }: Found, database: string): string {
  const there = `${kind} ${tick(name)} in database ${tick(database)}`;
  switch (what) {
    case "given":
      return `${who === "PUBLIC" ? "everybody" : tick(who)} has ${rights} on ${there}, given by ${tick(by)}${held ? "" : "; it was changed since the grant began"}`;
    case "owned":
      return `${tick(who)} owns ${there}, made or changed since the grant began`;
    case "elsewhere":
      return `${tick(who)} owns, or was given rights on, ${rights} ${rights === "1" ? "object" : "objects"} in database ${tick(name)} since the grant began; that database was not looked into`;
    case "trap":
      return `${there}, which works with the rights of whoever meets it, was made or changed since the grant began`;
    case "door":
      return `${there}, which works with the rights of ${tick(who)}, was made or changed since the grant began`;
    case "member":
      return `${tick(who)} is a member of ${tick(name)}, made so by ${tick(by)} since the grant began`;
    case "prepared":
      return `transaction ${tick(name)} of ${tick(who)}, prepared in database ${tick(by)}, is open and can still be committed`;
  }
}

function atMost(sentences: readonly string[]): readonly string[] {
  if (sentences.length <= MAX_SENTENCES) return sentences;
  return [...sentences.slice(0, MAX_SENTENCES), `${sentences.length - MAX_SENTENCES} more rights were handed on`];
}
