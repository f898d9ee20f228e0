// SPDX-License-Identifier: Apache-2.0
import type { ResourceValidationArgs } from "@pulumi/policy";
import { defineRule } from "../define-rule";

/**
 * All that the engine shows to a pack, wherever it was set: by the program, a transformation, or inherited from a parent.
 * `retainOnDelete`, `deletedWith`, `replaceOnChanges` and `import` it never shows, and an alias only when it takes effect:
 * so a parent that could hand them down is refused itself.
 */
const REFUSED: readonly { option: string; isSet: (args: ResourceValidationArgs) => boolean; why: string }[] = [
  { option: "protect", isSet: ({ opts }) => opts.protect, why: "it blocks the withdrawal of a grant" },
  {
    option: "ignoreChanges",
    isSet: ({ opts }) => opts.ignoreChanges.length > 0,
    why: "it hides a change of a grant",
  },
  {
    option: "aliases",
    isSet: ({ opts }) => opts.aliases.length > 0,
    why: "it lets one grant take the place of another's",
  },
  {
    option: "deleteBeforeReplace",
    isSet: ({ opts }) => opts.deleteBeforeReplace !== undefined,
    why: "a grant is never replaced",
  },
  {
    option: "customTimeouts",
    isSet: ({ opts: { customTimeouts } }) => Object.values(customTimeouts).some((seconds) => seconds > 0),
    why: "nothing obeys it, a grant bounds its own time",
  },
  {
    option: "additionalSecretOutputs",
    isSet: ({ opts }) => opts.additionalSecretOutputs.length > 0,
    why: "it hides in the state what a grant gives",
  },
  {
    option: "parent",
    isSet: ({ opts }) => opts.parent !== undefined && !isStack(opts.parent),
    why: "a component hands down options that keep a withdrawn grant open, unseen",
  },
  {
    option: "provider",
    isSet: ({ provider }) => provider !== undefined && !isDefaultProvider(provider.name),
    why: "it makes a grant by other settings than the stack's",
  },
];

/** Stops resource options that keep access open or hide a change: Grant's constructor refuses them, a program can avoid it. */
export const grantOptions = defineRule({
  id: "grant-options",
  description: "A Grant takes no resource option that could keep access open",
  enforcement: "mandatory",
  severity: "high",
  serves: ["removal"],
  remedy: "Remove the option from the program, the transformation or the parent that sets it.",
  reports: [],
  examples: [{ what: "protected by a transformation", opts: { protect: true } }],
  also: (_verdict, args) =>
    REFUSED.filter(({ isSet }) => isSet(args)).map(
      ({ option, why }) => `\`${args.name}\` has the resource option \`${option}\`, none is allowed: ${why}; remove it`,
    ),
});

/** Every resource without a parent of its own has the stack. A URN is `urn:pulumi:stack::project::types::name`. */
function isStack(urn: string): boolean {
  return urn.split("::")[2] === "pulumi:pulumi:Stack";
}

/** The engine's own provider of a type: it is named `default`, with the version behind it where there is one. */
function isDefaultProvider(name: string): boolean {
  return name === "default" || name.startsWith("default_");
}
