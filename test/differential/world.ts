// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import type {
  Approval,
  DecisionContext,
  Digest,
  Directory,
  EndedGrant,
  LiveGrant,
  Policy,
  Proof,
  Request,
} from "@elevation/domain";

/** A grant whose digest may be written as `this`, the case's own request. */
export type Written<T extends LiveGrant> = Omit<T, "request"> & { readonly request?: string };
/** An approval whose role may be written as `today`, what the policy means by the role that is asked for. */
export type Given = Omit<Approval, "role"> & { readonly role?: string };

export interface Documents {
  readonly policy: Policy;
  readonly directory: Directory;
  readonly request: Request;
}

/** A case for decide(): documents and all that they are judged by, as JSON. Instants are milliseconds since 1970. */
export interface World extends Documents {
  readonly now: number;
  readonly proof: Proof | null;
  readonly approvals: readonly Given[] | null;
  readonly live: readonly Written<LiveGrant>[];
  readonly history: readonly Written<EndedGrant>[];
}

/** What decide() takes besides the documents. */
export function contextOf({ request, policy, now, proof, approvals, live, history }: World): DecisionContext {
  const named = <T extends LiveGrant>(grant: Written<T>): T => {
    return (grant.request === "this" ? { ...grant, request: requestDigest(request) } : grant) as unknown as T;
  };
  const meant = (given: Given): Approval => {
    return (given.role === "today" ? { ...given, role: roleDigest(policy, request) } : given) as Approval;
  };
  return {
    now,
    proof,
    approvals: approvals?.map(meant) ?? null,
    live: live.map((grant) => named<LiveGrant>(grant)),
    history: history.map((grant) => named<EndedGrant>(grant)),
  };
}

/** The request digest of design §4.3. */
export function requestDigest({ apiVersion, kind, metadata, spec }: Request): Digest {
  return sha256({ apiVersion, kind, metadata, spec });
}

/** The digest of what the role means in the request's environment (design §4.4). */
export function roleDigest({ roles }: Policy, { spec: { role, environment } }: Request): Digest {
  const targets = Object.hasOwn(roles, role) ? (roles[role]?.targets ?? {}) : {};
  return sha256({ role, environment, target: Object.hasOwn(targets, environment) ? targets[environment] : null });
}

/** RFC 8785 for what documents hold here: ASCII keys, texts, truth values. */
function sha256(value: unknown): Digest {
  return `sha256:${createHash("sha256")
    .update(JSON.stringify(sorted(value)))
    .digest("hex")}` as Digest;
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
