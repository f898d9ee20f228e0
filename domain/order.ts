// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { digest, instant, name, person } from "./forms";
import { requestSchema } from "./request";
import { trimWhiteSpace } from "./text";

/** What a lock names: exactly one of these fields. */
export const LOCK_SCOPES = ["person", "role", "target", "*"] as const;

const reason = z
  .string()
  .refine((text) => trimWhiteSpace(text) !== "", "not a reason; say what it is for")
  .meta({ examples: ["The laptop was stolen"] });

const lockSchema = z.strictObject({
  person: person.optional().describe("whose grants end, and who gets none"),
  role: name.optional().describe("the role of which grants end, and nobody gets one"),
  target: name
    .optional()
    .describe("the connection at which grants end, and nobody gets one")
    .meta({ examples: ["orders-production"] }),
  "*": z.literal(true).optional().describe("true: all grants end, and nobody gets one"),
  until: instant.describe("until when nobody gets one"),
  reason: reason.optional().describe("what those are told who are denied; absent: the reason of the order"),
});

/** The schema of an order (design §4.4). */
export const orderSchema = z
  .strictObject({
    apiVersion: z.literal("elevation/v1").describe("version of the format"),
    kind: z.literal("Order").describe("kind of the document"),
    payload: z
      .strictObject({
        order: z.enum(["revoke", "breakGlass", "review", "lock", "abandon"]).describe("what is ordered"),
        by: person.describe("who orders it, and signs"),
        at: instant.describe("when it was signed"),
        id: z
          .string()
          .regex(
            /^[A-Za-z0-9._:-]{1,128}$/,
            "not an id; write 1 to 128 of letters, digits and `.` `_` `:` `-`, as uuidgen does",
          )
          .describe("used once: no other order of the same key ever has it")
          .meta({ examples: ["9b2f7c1e-0d3a-4a51-8f0e-5f6f1c1d2e3a"] }),
        reason: reason.describe("why"),
        request: digest
          .optional()
          .describe("of a revoke, a review, an abandon: digest of the request whose grant is meant"),
        document: requestSchema.optional().describe("of a breakGlass: the request"),
        lock: lockSchema.optional().describe("of a lock: what is locked, and until when"),
      })
      .describe("what is signed: its canonical JSON"),
    signature: z.string().describe("SSH signature, namespace elevation-order, over the canonical JSON of the payload"),
  })
  .describe("A signed instruction by a person: revoke, break-glass, review, lock, abandon.");

/** A signed instruction, as written. */
export type Order = z.infer<typeof orderSchema>;
export type OrderPayload = Order["payload"];
/** What an order locks, as written. */
export type OrderLock = z.infer<typeof lockSchema>;
