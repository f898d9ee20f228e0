// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { Digest } from "@elevation/domain";
import type { Head } from "@elevation/journal";
import { readExportedStack } from "@elevation/provider/lifecycle";

/** A Grant that a state holds. */
export interface HeldGrant {
  readonly urn: string;
  readonly digest: Digest;
  /** The request's `metadata.name`. */
  readonly name: string;
  readonly environment: string;
  /** Whether a refresh drops it once its grant has ended; an inert Grant, that never opened anything, stays. */
  readonly isDropped: boolean;
}

/** What an exported state says. */
export interface StateSummary {
  readonly held: readonly HeldGrant[];
  /** Why no engine may be run on it; whole sentences, empty if nothing is wrong. */
  readonly problems: readonly string[];
  /** The last journal event that it has seen. */
  readonly witness: Head | null;
}

/** Sums up the file that `pulumi stack export` wrote. Throws GrantError `input-invalid` where it is none. */
export function summarizeState(file: string): StateSummary {
  const { held, problems } = readExportedStack(file, readFileSync(file, "utf8"));
  return {
    held: held.map(({ urn, grant: { digest, request, place, status } }) => ({
      ...{ urn, digest, name: request.metadata.name, environment: request.spec.environment },
      isDropped: place !== null || status === "scheduled",
    })),
    problems,
    witness: laterOf(held.map(({ grant }) => grant.witness)),
  };
}

/** The later of some journal events; null where there is none. */
export function laterOf(witnesses: readonly (Head | null)[]): Head | null {
  return witnesses.reduce((last, next) => (next !== null && next.seq > (last?.seq ?? 0) ? next : last), null);
}
