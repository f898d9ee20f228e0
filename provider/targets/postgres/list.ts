// SPDX-License-Identifier: Apache-2.0
import type { Standing } from "../../lifecycle/ports";
import { type Facts, isEmptied, membersBesideMaker, proofs, type RoleFacts, readAllFacts } from "./catalog";
import { dropRole } from "./drop";
import { GRANT_ROLE_PATTERN, grantRoleName, isDigest, readNote } from "./grant-role";
import { judge, notMadeByUs } from "./judge";
import type { Session } from "./session";
import { tick } from "./text";
import { doubtOrigin, leftTimeline, type Timeline } from "./timeline";

/** All roles of the server that have the name of a grant's role, whoever made them: one query. */
export async function listStanding(session: Session, server: string, timeline: Timeline): Promise<readonly Standing[]> {
  const all = await readAllFacts(session, GRANT_ROLE_PATTERN);
  return all.map(({ name, facts }) => standing(name, facts, { connection: session.connection, server }, timeline));
}

/**
 * Drops the grants' roles that earlier revocations had to leave, emptied; returns the names of those dropped. One that was
 * made on another timeline stays: it is what keeps its grant from being called ended.
 */
export async function sweepEmptied(
  session: Session,
  timeline: Timeline,
  mayClear: (object: string) => boolean,
): Promise<readonly string[]> {
  const dropped: string[] = [];
  for (const { name, facts } of await readAllFacts(session, GRANT_ROLE_PATTERN)) {
    if (!mayClear(name)) continue;
    const isOurs = proofs(facts).length > 0 || (!facts.hasOptions && noteOf(name, facts) !== null);
    if (!isEmptied(facts) || !isOurs || leftTimeline(facts.role.comment, timeline) !== null) continue;
    if ((await dropRole(session, name)) === null) dropped.push(name);
  }
  return dropped;
}

function standing(
  object: string,
  facts: Facts & { readonly role: RoleFacts },
  where: { readonly connection: string; readonly server: string },
  timeline: Timeline,
): Standing {
  const emptied = isEmptied(facts);
  const note = noteOf(object, facts);
  // Before 16 an emptied role is known by its note alone: it gives nobody anything.
  const isOurs = proofs(facts).length > 0 || (!facts.hasOptions && emptied && note !== null);
  const { comment } = facts.role;
  const doubts = isOurs
    ? [
        ...(note === null ? [`the comment of role ${tick(object)} is no note of a grant`] : []),
        ...(emptied ? emptiedDoubts(object, comment, timeline) : []),
      ]
    : [notMadeByUs(facts, object)];
  const place = { kind: "postgres", ...where, ...seenIn(facts), object };
  return { place, isOurs, note, isEmptied: emptied, doubts, observe: (access) => judge(facts, access) };
}

/** Only a note with the digest that this very name is made of counts: another one was copied. */
function noteOf(object: string, { role }: Facts): Standing["note"] {
  const note = readNote(role?.comment ?? null);
  if (note === null || note.expiresAt === null || !isDigest(note.digest)) return null;
  if (grantRoleName(note.digest) !== object) return null;
  return { digest: note.digest, expiresAt: note.expiresAt };
}

function emptiedDoubts(object: string, comment: string | null, timeline: Timeline): readonly string[] {
  const origin = doubtOrigin(comment, timeline, "it gives nothing any more");
  if (origin !== null) return [`role ${tick(object)} stays: ${origin.why}; ${origin.fix}`];
  return [
    `role ${tick(object)} has neither members nor a role, and something that depends on it keeps it from being dropped`,
  ];
}

/** Whom it gives what: by our own grants if there are any. */
function seenIn(facts: Facts): { readonly identity: string; readonly role: string } {
  const first = <T extends { readonly grantorOid: number }>(rows: readonly T[]): T | undefined =>
    rows.find(({ grantorOid }) => grantorOid === facts.me.oid) ?? rows[0];
  return {
    identity: first(membersBesideMaker(facts))?.member ?? "",
    role: first(facts.role?.roles ?? [])?.role ?? "",
  };
}
