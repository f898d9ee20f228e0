// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { directorySchema } from "./directory";
import { fireDrillsSchema } from "./fire-drills";
import { orderSchema } from "./order";
import { policySchema } from "./policy";
import { policyTestSchema } from "./policy-test";
import { requestSchema } from "./request";

const SCHEMAS = {
  Policy: policySchema,
  Directory: directorySchema,
  Request: requestSchema,
  Order: orderSchema,
  PolicyTest: policyTestSchema,
  FireDrills: fireDrillsSchema,
} as const;

/** A kind of document whose schema is known. */
export type DocumentKind = keyof typeof SCHEMAS;

export const DOCUMENT_KINDS = Object.keys(SCHEMAS) as readonly DocumentKind[];

/**
 * The JSON Schema (draft 2020-12) of what people write, generated from the schema that reads it. It describes the whole
 * format, also what this version refuses because it does not enforce it, and says less than the reader knows: references,
 * order of instants, zones and regular expressions are judged by the reader alone.
 */
export function jsonSchemaOf(kind: DocumentKind): object {
  return z.toJSONSchema(SCHEMAS[kind], { io: "input", target: "draft-2020-12" });
}
