// SPDX-License-Identifier: Apache-2.0
import { GRANT_TYPE, quote } from "@elevation/domain";
import type { Rule } from "../define-rule";

/**
 * The text that the provider ships as `SHELL_TEXT`; a test compares them. NB. Not imported: a published pack has no
 * provider beside it.
 */
export const SHIPPED_SHELL = 'exports.handler = () => require("@elevation/provider/shell").handler();';

/**
 * Stops a Grant that brings code of its own: the engine would run it, with all that the job holds, and no decision would
 * be asked for. It needs the level `remediate`, and mends nothing: the engine shows `__provider` to remediations only, and
 * a violation of this level is a mandatory one.
 */
export const grantShell: Rule = {
  id: "grant-shell",
  description: "A Grant runs the installed lifecycle and no other code",
  enforcement: "mandatory",
  severity: "critical",
  serves: ["authorization", "least-privilege"],
  remedy: "Make the grant with `new Grant` or a request file, and leave the level of this rule as it is.",
  reports: [],
  examples: [{ what: "that brings code of its own", code: "exports.handler = () => ({})" }],
  checks: ({ coverage }) => {
    const seen = new Map<string, unknown>();
    return {
      remediateResource: ({ type, urn, props }) => {
        if (type !== GRANT_TYPE) {
          // A Grant under another type would be judged by no rule; the provider would judge it all the same.
          if (isOurs(props)) seen.set(urn, DISGUISED);
          return;
        }
        seen.delete(urn);
        seen.set(urn, props["__provider"]);
        // Said here, since only remediations are shown all properties: others would take code without a request for nothing.
        coverage.setSpared(urn, Object.keys(props).length === 0);
      },
      validateResource: ({ type, urn, name }, report) => {
        if (type !== GRANT_TYPE) {
          if (seen.get(urn) === DISGUISED) report(disguised(name, type));
          seen.delete(urn);
          return;
        }
        if (!seen.has(urn)) report(unseen(name));
        else if (seen.get(urn) !== SHIPPED_SHELL) report(foreign(name));
        // What is said of one analysis must not be believed in the next.
        seen.delete(urn);
      },
    };
  },
};

const DISGUISED = Symbol("a Grant under another type");

function isOurs(props: Readonly<Record<string, unknown>>): boolean {
  try {
    const code = props["__provider"];
    return typeof code === "string" && code.includes("@elevation/provider");
  } catch {
    // Code that isn't known yet is no literal of ours; and other people's resources are not ours to stop.
    return false;
  }
}

function disguised(name: string, type: string): string {
  return `${quote(name)} runs a Grant's code under the type ${quote(type)}, where no rule judges it; make it with \`new Grant\` or a request file`;
}

function foreign(name: string): string {
  return `${quote(name)} brings code of its own in \`__provider\`, which the engine would run with all that the job holds; make it with \`new Grant\` or a request file`;
}

function unseen(name: string): string {
  return `the code of ${quote(name)} was not looked at, because it is not known before \`up\` or the pack's configuration changes the level of \`grant-shell\`; leave it \`remediate\`, and make grants with \`new Grant\` or a request file`;
}
