// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { digest, instant, name, person, positiveDuration } from "./forms";
import { type Instant, parseInstant } from "./instant";
import { trimWhiteSpace } from "./text";

/** What is asked for: the `spec` of a request. */
export const specSchema = z.strictObject({
  requester: person.describe("who asks; an email of the directory"),
  role: name.describe("the role that is asked for").meta({ examples: ["orders-admin"] }),
  environment: name.describe("where it is asked for").meta({ examples: ["production"] }),
  duration: positiveDuration
    .optional()
    .describe("for how long, counted from activation; absent: the default of the rule that allows it"),
  requestedAt: instant.describe("when it was asked for"),
  startAt: instant.optional().describe("not activated before; may lie before requestedAt"),
  activateBy: instant
    .optional()
    .describe("not activated at or after; never later than the policy's activateWithin after requestedAt and startAt"),
  reason: z
    .string()
    .refine((text) => trimWhiteSpace(text) !== "", "not a reason; say what the access is for")
    .describe("what the access is for")
    .meta({ examples: ["Rebuild the orders index after INC-4711"] }),
  ticket: z
    .string()
    .optional()
    .describe("the ticket that the work belongs to")
    .meta({ examples: ["INC-4711"] }),
  breakGlass: z.boolean().optional().describe("true: an emergency, judged by the policy's breakGlass alone"),
  extends: digest.optional().describe("digest of the live request that this one prolongs without a gap"),
});

/** The schema of a request file (design §4.3). */
export const requestSchema = z
  .strictObject({
    apiVersion: z.literal("elevation/v1").describe("version of the format"),
    kind: z.literal("Request").describe("kind of the document"),
    metadata: z
      .strictObject({
        name: name.describe("name of the request; no other one has it").meta({ examples: ["alice-orders-2026-11-24"] }),
      })
      .describe("what it is called"),
    spec: specSchema.describe("what is asked for"),
    signature: z
      .string()
      .optional()
      .describe("SSH signature, namespace elevation-request, over the digest; not part of the digest"),
  })
  .describe("One person asks for one role in one environment for one duration, with a reason.");

/** One person asking for one role in one environment for one duration, as written: no default is filled in. */
export type Request = z.infer<typeof requestSchema>;

/** `spec.startAt`; null where the request starts as soon as it is activated. */
export function startAtOf(request: Request): Instant | null {
  return request.spec.startAt === undefined ? null : parseInstant(request.spec.startAt);
}
