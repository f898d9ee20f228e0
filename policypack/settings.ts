// SPDX-License-Identifier: Apache-2.0
import { didYouMean, quote } from "@elevation/domain";
import type { PolicyConfigSchema } from "@pulumi/policy";
import { z } from "zod";

/** What a team may set for a rule, besides its level, with `--policy-pack-config`. */
export interface Settings<T = unknown> {
  /** What the engine refuses wrong values by, and takes defaults from. */
  readonly schema: PolicyConfigSchema;
  /**
   * What is set for a rule, with the defaults. Throws what is wrong, which fails the run whatever the rule's level: the
   * engine passes over a name that the schema doesn't have, and the rule would be thought to obey it.
   */
  read(rule: string, config: object): T;
}

/** Settings by their names; each has a default and a description. */
export function defineSettings<S extends z.ZodRawShape>(shape: S): Settings<z.output<z.ZodObject<S>>> {
  const whole = z.strictObject(shape);
  const { properties } = z.toJSONSchema(whole, { io: "input" });
  return {
    schema: { properties: (properties ?? {}) as PolicyConfigSchema["properties"] },
    read: (rule, config) => {
      const parsed = whole.safeParse(config);
      if (parsed.success) return parsed.data as z.output<z.ZodObject<S>>;
      const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, Object.keys(shape)));
      throw refusal(`the pack's configuration of \`${rule}\`: ${problems.join("; ")}`);
    },
  };
}

/** Of a rule that has none: its level alone can be set. */
export const NO_SETTINGS = defineSettings({});

function problemsOf(issue: z.core.$ZodIssue, known: readonly string[]): string[] {
  if (issue.code !== "unrecognized_keys") return [`${quote(issue.path.join("."))} is not right: ${issue.message}`];
  return issue.keys.map((key) =>
    known.length === 0
      ? `${quote(key)} is no setting, only \`enforcementLevel\` is; remove it`
      : `${quote(key)} is no setting; ${didYouMean(key, known)}`,
  );
}

/** The SDK prints an error's stack, which says nothing to whoever wrote the configuration. */
function refusal(message: string): Error {
  const error = new Error(message);
  error.stack = message;
  return error;
}
