// SPDX-License-Identifier: Apache-2.0
import { formatInstant, type Instant, parseRequest, type Request, requestDigestOf } from "@elevation/domain";
import { type GrantInputs, type OpenState, reasonOf, type Visit } from "@elevation/provider/lifecycle";

/** A fire drill, as a reaper does it. */
export interface Drill {
  readonly name: string;
  /** The canary. */
  readonly requester: string;
  readonly role: string;
  readonly environment: string;
  readonly reason: string;
  /** From beginning to beginning, in milliseconds. */
  readonly every: number;
  /** As in a request. */
  readonly duration: string;
  /** How long after its expiry the access may still be seen, in milliseconds. */
  readonly endsWithin: number;
  /** The longest such time of all drills that have this canary, in milliseconds: so long after its expiry a grant of hers may be another's. */
  readonly longestEndsWithin: number;
  /** What works only for who has the role. */
  readonly statement: string;
  /** A new login of the canary's own. It knows the login, so that nothing else does. */
  readonly enter: () => Promise<Visit>;
}

/** What a drill found wrong. */
export type DrillFailure =
  /** The canary could not log in: nothing is known of her access. */
  | "login-failed"
  /** The probe did not fail for want of a right, but otherwise. */
  | "probe-failed"
  /** She had the access before it was granted. */
  | "already-open"
  /** She holds another grant, which is no drill's or should have ended. */
  | "held"
  /** By policy, directory or a lock. */
  | "denied"
  /** The journal or the target refused. */
  | "grant-failed"
  /** Granted, and it did not work. */
  | "never-open"
  /** Her session was cut long before the grant's end. */
  | "cut-early"
  /** It still worked too long after its end. */
  | "still-open";

export type DrillOutcome =
  /** `lateMs`: from the expiry until neither the open session nor a new login had it any more; below 0 where the target's clock is ahead. */
  | { readonly outcome: "passed"; readonly grant: OpenState; readonly lateMs: number }
  /** `grant`: null where none was made. `lateMs`: of what is still open, as long as it was or longer than it may; else null. */
  | {
      readonly outcome: "failed";
      readonly failure: DrillFailure;
      readonly reason: string;
      readonly grant: OpenState | null;
      readonly lateMs: number | null;
    }
  /** It was told to stop; a grant that it made ends at its expiry, whoever ends grants then. */
  | { readonly outcome: "stopped"; readonly grant: OpenState | null }
  /** Another drill has the canary elevated: two at once would tell nothing. */
  | { readonly outcome: "waits" };

/** Thrown within a drill by what found it wrong. */
export class DrillFault extends Error {
  readonly failure: DrillFailure;
  /** What may be open although it could not be opened as it should; null: nothing. */
  readonly grant: OpenState | null;
  readonly lateMs: number | null;

  constructor(failure: DrillFailure, message: string, about: Partial<Pick<DrillFault, "grant" | "lateMs">> = {}) {
    super(message);
    this.failure = failure;
    this.grant = about.grant ?? null;
    this.lateMs = about.lateMs ?? null;
  }
}

/** For the rejection of what could not be done. */
export function failsAs(failure: DrillFailure): (error: unknown) => never {
  return (error) => {
    throw new DrillFault(failure, reasonOf(error));
  };
}

/** No project of Pulumi's can be called so: no stack holds such a grant, no file declares it, and none is waited for to forget it. */
export const DRILLS_PROJECT = "fire drill";

const LONGEST_NAME = 63;

/** An ordinary request of the canary's, made now, and where its grant belongs. `id`: of this drill alone, of a-z and 0-9. */
export function inputsOfDrill(drill: Drill, now: Instant, id: string): GrantInputs {
  const { requester, role, environment, duration, reason } = drill;
  const request: Request = parseRequest(
    {
      apiVersion: "elevation/v1",
      kind: "Request",
      metadata: { name: `${`drill-${drill.name}`.slice(0, LONGEST_NAME - id.length - 1)}-${id}` },
      spec: { requester, role, environment, duration, requestedAt: formatInstant(now), reason },
    },
    "the request of a drill",
  );
  const stack = { organization: "elevate", project: DRILLS_PROJECT, stack: drill.name };
  return { request, digest: requestDigestOf(request), origin: "", ...stack };
}
