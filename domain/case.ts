// SPDX-License-Identifier: Apache-2.0
import { type CompiledDirectory, compileDirectory, type Person } from "./compiled-directory";
import { type CompiledPolicy, compilePolicy, instantOfText, type Span, spanOf } from "./compiled-policy";
import type { Approval, DecisionContext, EndedGrant, LiveGrant, Proof } from "./decision";
import { type Digest, digestOf } from "./digest";
import type { Directory } from "./directory";
import { type GrantIndex, indexOf } from "./grant-index";
import type { Instant } from "./instant";
import type { Policy } from "./policy";
import type { Request } from "./request";
import { type Cell, cellOf } from "./rule-index";
import { codePoints, trimWhiteSpace } from "./text";

/** One request before one judge at one instant: what every step of decide() looks at. */
export interface Case {
  readonly policy: Policy;
  readonly directory: Directory;
  readonly rules: CompiledPolicy;
  readonly people: CompiledDirectory;
  /** Whoever asks; null: not in the directory. */
  readonly person: Person | null;
  /** What the policy says of the role in the environment. */
  readonly cell: Cell;
  readonly request: Request;
  readonly requestDigest: Digest;
  /** Code points of the reason, trimmed. */
  readonly reasonLength: number;
  readonly duration: Span | null;
  readonly isBreakGlass: boolean;
  readonly now: Instant;
  readonly requestedAt: Instant;
  readonly startAt: Instant | null;
  /** The later of now and startAt: what the request's own times are judged by. */
  readonly start: Instant;
  /** The activation instant `t`: `start`; of a request that prolongs a live grant, the later of now and that grant's end. */
  readonly at: Instant;
  /** The live grant that it may prolong by who, role and environment; null where it names none such. */
  readonly extended: LiveGrant | null;
  readonly proof: Proof | null;
  readonly approvals: readonly Approval[] | null;
  readonly live: GrantIndex<LiveGrant>;
  readonly history: GrantIndex<EndedGrant>;
}

/** What is read of a request once. */
interface CompiledRequest {
  readonly digest: Digest;
  readonly reasonLength: number;
  readonly duration: Span | null;
  readonly requestedAt: Instant;
  readonly startAt: Instant | null;
  readonly activateBy: Instant | null;
}

const compiled = new WeakMap<Request, CompiledRequest>();

export function openCase(policy: Policy, directory: Directory, request: Request, context: DecisionContext): Case {
  const { now } = context;
  const { environment, requester, role } = request.spec;
  const [rules, people] = [compilePolicy(policy), compileDirectory(directory)];
  const { digest, duration, reasonLength, requestedAt, startAt } = compileRequest(request);
  const live = indexOf(context.live);
  const start = startAt === null ? now : Math.max(now, startAt);
  const extended = extendedBy(request, live);
  return {
    policy,
    directory,
    rules,
    people,
    person: people.people.get(requester) ?? null,
    cell: cellOf(rules, role, environment),
    request,
    requestDigest: digest,
    reasonLength,
    duration,
    isBreakGlass: request.spec.breakGlass === true,
    now,
    requestedAt,
    startAt,
    start,
    at: extended === null ? start : Math.max(now, extended.expiresAt),
    extended,
    proof: context.proof,
    approvals: context.approvals,
    live,
    history: indexOf(context.history),
  };
}

/** The digest that identifies a request (design §4.3): over all of it but the signature, as written. */
export function requestDigestOf(request: Request): Digest {
  return compileRequest(request).digest;
}

/**
 * The instant at which the request lapses. The policy's `activateWithin` after the later of requestedAt and startAt is a limit, not
 * only a default: an `activateBy` beyond it gains nothing, the earlier of both counts.
 */
export function activateByOf(policy: Policy, request: Request): Instant {
  const { requestedAt, startAt, activateBy } = compileRequest(request);
  const limit = Math.max(requestedAt, startAt ?? requestedAt) + compilePolicy(policy).activateWithin;
  return activateBy === null ? limit : Math.min(limit, activateBy);
}

/** The first condition of an extension (design §5): a live grant, not a break-glass one, of the same person, role and environment. */
function extendedBy({ spec }: Request, live: GrantIndex<LiveGrant>): LiveGrant | null {
  const grant = spec.extends === undefined ? undefined : live.ofRequest(spec.extends);
  if (grant === undefined || grant.breakGlass === true) return null;
  const isSame =
    grant.requester === spec.requester && grant.role === spec.role && grant.environment === spec.environment;
  return isSame ? grant : null;
}

function compileRequest(request: Request): CompiledRequest {
  const known = compiled.get(request);
  if (known !== undefined) return known;
  const { apiVersion, kind, metadata, spec } = request;
  const result = {
    digest: digestOf({ apiVersion, kind, metadata, spec }),
    reasonLength: codePoints(trimWhiteSpace(spec.reason)),
    duration: spec.duration === undefined ? null : spanOf(spec.duration),
    requestedAt: instantOfText(spec.requestedAt),
    startAt: spec.startAt === undefined ? null : instantOfText(spec.startAt),
    activateBy: spec.activateBy === undefined ? null : instantOfText(spec.activateBy),
  };
  compiled.set(request, result);
  return result;
}
