// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { instant, line, list, name, person } from "./forms";

const personSchema = z
  .strictObject({
    name: z.string().optional().describe("what the person is called"),
    jobFunctions: list(name)
      .optional()
      .describe("the job functions that the person has, besides those that include them")
      .meta({ examples: [["dba"]] }),
    identities: z
      .record(name, line)
      .optional()
      .describe(
        "the person's login for each kind of target, as in { postgres: alice }; one login belongs to one person",
      ),
    seal: z
      .string()
      .regex(/^age1[a-z0-9]+$/, "not an age public key; it begins with age1")
      .optional()
      .describe("the key to which credentials made for the person are sealed"),
  })
  .describe("a person who may hold access");

const onCallEntry = z
  .strictObject({
    person: person.describe("who is on call"),
    from: instant.describe("from then on"),
    to: instant.describe("until just before then"),
  })
  .describe("one person's turn");

/** The schema of a directory file (design §4.2). */
export const directorySchema = z
  .strictObject({
    apiVersion: z.literal("elevation/v1").describe("version of the format"),
    kind: z.literal("Directory").describe("kind of the document"),
    people: z.record(person, personSchema).describe("everybody who may hold access, by lower-case email"),
    jobFunctions: z
      .record(
        name,
        z
          .strictObject({
            includes: list(name).optional().describe("everyone in these job functions has this one too; never a cycle"),
          })
          .describe("a job function that people may have"),
      )
      .optional()
      .describe("all job functions that there are"),
    onCall: z.record(name, list(onCallEntry)).optional().describe("schedules: who is on call when"),
  })
  .describe("The people, their job functions, their logins and who is on call.");

/** The people, their job functions, their logins and who is on call, as written. */
export type Directory = z.infer<typeof directorySchema>;

/** The person's login for targets of that kind; null where the directory names none. */
export function identityOf(directory: Directory, requester: string, kind: string): string | null {
  const found = own(directory.people, requester)?.identities;
  return (found && own(found, kind)) ?? null;
}

/** A field of a mapping that people fill: names like `constructor` are names, nothing inherited. */
export function own<T>(mapping: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(mapping, key) ? mapping[key] : undefined;
}
