// SPDX-License-Identifier: Apache-2.0
import { type CompiledDirectory, compileDirectory } from "./compiled-directory";
import { type CompiledPolicy, compilePolicy, instantOfText } from "./compiled-policy";
import { type Digest, digestOf } from "./digest";
import type { Directory } from "./directory";
import type { Instant } from "./instant";
import type { Policy } from "./policy";
import { type Request, startAtOf } from "./request";

/** One request before one judge at one instant: what every step of decide() looks at. */
export interface Case {
  readonly policy: Policy;
  readonly directory: Directory;
  readonly rules: CompiledPolicy;
  readonly people: CompiledDirectory;
  readonly request: Request;
  readonly requestDigest: Digest;
  readonly now: Instant;
  readonly requestedAt: Instant;
  readonly startAt: Instant | null;
  /** The activation instant `t`: the later of now and startAt. */
  readonly at: Instant;
}

const digests = new WeakMap<Request, Digest>();

export function openCase(policy: Policy, directory: Directory, request: Request, now: Instant): Case {
  const startAt = startAtOf(request);
  return {
    policy,
    directory,
    rules: compilePolicy(policy),
    people: compileDirectory(directory),
    request,
    requestDigest: requestDigestOf(request),
    now,
    requestedAt: instantOfText(request.spec.requestedAt),
    startAt,
    at: Math.max(now, startAt ?? now),
  };
}

/** The digest that identifies a request (design §4.3): over all of it but the signature, as written. */
export function requestDigestOf(request: Request): Digest {
  const known = digests.get(request);
  if (known !== undefined) return known;
  const { apiVersion, kind, metadata, spec } = request;
  const digest = digestOf({ apiVersion, kind, metadata, spec });
  digests.set(request, digest);
  return digest;
}

/**
 * The instant at which the request lapses. The policy's `activateWithin` after the later of requestedAt and startAt is a limit, not
 * only a default: an `activateBy` beyond it gains nothing, the earlier of both counts.
 */
export function activateByOf(policy: Policy, request: Request): Instant {
  const requestedAt = instantOfText(request.spec.requestedAt);
  const limit = Math.max(requestedAt, startAtOf(request) ?? requestedAt) + compilePolicy(policy).activateWithin;
  return request.spec.activateBy === undefined ? limit : Math.min(limit, instantOfText(request.spec.activateBy));
}
