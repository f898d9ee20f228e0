// SPDX-License-Identifier: Apache-2.0
import { GRANT_TYPE, quote } from "@elevation/domain";
import type { PolicyResource } from "@pulumi/policy";
import type { Rule } from "../define-rule";
import { namesOf } from "../names-of";

/**
 * Shows Grants of the stack that the other rules did not look at, and which would pass for Grants that they found nothing
 * wrong with: spared by `--target` or `--exclude`, of a type that no rule knows, or of a pack whose configuration disables
 * rules.
 *
 * It only advises: with `--target` an honest `up` spares Grants, and a stack rule speaks when everything is done, so it could
 * stop nothing. It is not told which level the pack's configuration gives a rule, only that a disabled one is never called.
 */
export const grantsAllJudged: Rule = {
  id: "grants-all-judged",
  description: "Every rule of the pack looked at every Grant of the stack",
  enforcement: "advisory",
  severity: "high",
  serves: ["authorization", "removal"],
  remedy:
    "Run without `--target` and `--exclude`, disable no rule in the pack's configuration, and make grants with `new Grant` or a request file.",
  reports: [],
  examples: [
    { what: "withdrawn in the code, in an `up --target` of something else", unseenBy: "every rule" },
    { what: "where the pack's configuration disables `time-boundary`", unseenBy: ["time-boundary"] },
    { what: "made as a resource of another type", type: "pulumi-nodejs:dynamic:Resource" },
  ],
  checks: ({ coverage }) => ({
    validateStack: ({ resources }, report) => {
      const grants = resources.filter(({ type }) => type === GRANT_TYPE);
      const disguised = resources.filter((resource) => resource.type !== GRANT_TYPE && carriesRequest(resource));
      for (const [missed, unseen] of groupBy(grants, ({ urn }) => coverage.missedBy(urn).join(", "))) {
        if (missed === "") continue;
        const rules = missed.split(", ");
        report(rules.length === coverage.expected.length ? unjudged(unseen) : halfJudged(unseen, rules));
      }
      for (const [type, unseen] of groupBy(disguised, (resource) => resource.type)) report(foreign(unseen, type));
      coverage.forget();
    },
  }),
};

/** Whether a resource's properties hold a request: what else it is, it asks for what a Grant asks for. */
function carriesRequest({ props }: PolicyResource): boolean {
  try {
    return props["request"]?.apiVersion === "elevation/v1" && props["request"]?.kind === "Request";
  } catch {
    // Of a value that isn't known yet the SDK throws; asked on, it would say that this rule can't run, of any resource.
    return false;
  }
}

function groupBy(
  resources: readonly PolicyResource[],
  keyOf: (resource: PolicyResource) => string,
): Map<string, PolicyResource[]> {
  const groups = new Map<string, PolicyResource[]>();
  for (const resource of resources) {
    const group = groups.get(keyOf(resource));
    if (group === undefined) groups.set(keyOf(resource), [resource]);
    else group.push(resource);
  }
  return groups;
}

function unjudged(unseen: readonly PolicyResource[]): string {
  return `no rule looked at ${namesOf(sorted(unseen))}: this run spares what it doesn't name, also what the program no longer declares; run without \`--target\` and \`--exclude\``;
}

function halfJudged(unseen: readonly PolicyResource[], rules: readonly string[]): string {
  return `${rules.map(quote).join(", ")} did not look at ${namesOf(sorted(unseen))}, because a value is not known before \`up\` or the pack's configuration disables the rule; write plain values, and disable no rule`;
}

function foreign(unseen: readonly PolicyResource[], type: string): string {
  return `carrying a request as type ${quote(type)}, at which no rule looks: ${namesOf(sorted(unseen))}; make it with \`new Grant\` or a request file`;
}

function sorted(resources: readonly PolicyResource[]): readonly string[] {
  return resources.map(({ name }) => name).sort();
}
