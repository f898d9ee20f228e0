// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { list, name, person, positiveDuration } from "./forms";
import { trimWhiteSpace } from "./text";

/** Of the variable that holds a canary's login: a prefix of its own, so that no file can point at another secret of the process. */
export const CANARY_VARIABLE = /^ELEVATION_CANARY_[A-Z0-9_]{1,63}$/;

const someText = (what: string) => z.string().refine((text) => trimWhiteSpace(text) !== "", what);

const probeSchema = z.strictObject({
  kind: z.literal("postgres").describe("kind of the target; it says how to log in there"),
  // NB. the form is looked at by fireDrillFindings, which repeats nothing: somebody may write the login itself here.
  login: z
    .string()
    .describe("name of the environment variable that holds the canary's own login, a postgres:// address")
    .meta({ pattern: CANARY_VARIABLE.source, examples: ["ELEVATION_CANARY_ORDERS"] }),
  statement: someText("not a statement; write one that only works with the role")
    .describe("what works with the role only; one statement, run in a read-only transaction that is rolled back")
    .meta({ examples: ["SELECT FROM public.orders LIMIT 1"] }),
});

const drillSchema = z
  .strictObject({
    name: name.describe("name of the drill; no other one of the file has it").meta({ examples: ["orders-production"] }),
    requester: person.describe(
      "the canary: a person of the directory with a login of her own, elevated by drills alone",
    ),
    role: name.describe("the role that she is granted").meta({ examples: ["orders-reader"] }),
    environment: name.describe("where she is granted it").meta({ examples: ["production"] }),
    reason: someText("not a reason; say what the access is for")
      .optional()
      .describe("reason of her requests; absent: that it is a fire drill"),
    every: positiveDuration.describe(
      "how often the drill is done, from beginning to beginning; longer than `duration`",
    ),
    duration: positiveDuration.describe("for how long she is granted it"),
    endsWithin: positiveDuration
      .optional()
      .describe("how long after its expiry the access may still be seen; later, the drill has failed; absent: PT1M"),
    probe: probeSchema.describe("how it is seen whether she has it"),
  })
  .describe("What is granted to whom, how often, and how it is seen.");

/** The schema of a file of fire drills. */
export const fireDrillsSchema = z
  .strictObject({
    apiVersion: z.literal("elevation/v1").describe("version of the format"),
    kind: z.literal("FireDrills").describe("kind of the document"),
    drills: list(drillSchema).describe("each for one role in one environment"),
  })
  .describe("Roles that a canary is granted on a schedule, to see from outside that the access works and ends.");

/** Fire drills, as written. */
export type FireDrills = z.infer<typeof fireDrillsSchema>;
/** A kind of target at which a canary can log in. */
export type ProbeKind = FireDrills["drills"][number]["probe"]["kind"];
