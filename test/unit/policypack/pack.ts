// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GRANT_TYPE, type Instant } from "@elevation/domain";
import { createCoverage } from "@elevation/policypack/coverage";
import { policyOf } from "@elevation/policypack/define-rule";
import { rules } from "@elevation/policypack/rules";
import { createVerdicts } from "@elevation/policypack/verdict";
import { SHELL_TEXT } from "@elevation/provider";
import type { Policy, PolicyResource, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";

/** What the pack's SDK wraps properties in: reading a value that isn't known yet throws. */
const { unknownCheckingProxy, unknownStringValue } = require("@pulumi/policy/proxy") as {
  unknownCheckingProxy: (props: unknown) => Record<string, unknown>;
  unknownStringValue: string;
};

/** A value that is known only after `up`, as the engine sends it. */
export const UNKNOWN = unknownStringValue;

/** No `__provider` at all. */
export const NO_CODE = Symbol("no code");

export const POLICY = `
apiVersion: elevation/v1
kind: Policy
environments: { production: {}, staging: {} }
roles:
  orders-admin:
    targets:
      production: { kind: postgres, connection: orders, role: orders_admin }
      staging: { kind: postgres, connection: orders-staging, role: orders_admin }
  bucket-admin:
    targets: { production: { kind: aws, connection: buckets, role: bucket-admin } }
rules:
  - id: dba
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin, bucket-admin]
    environments: [production]
    duration: { max: PT1H }
    hours: { zone: UTC, days: [tue], from: "08:00", to: "18:00" }
    reason: { minLength: 10 }
    ticket: { matches: "^INC-[0-9]+$" }
  - id: freeze
    effect: deny
    who: everyone
    roles: "*"
    environments: [production]
    during: { from: 2026-12-20T00:00:00Z, to: 2027-01-02T00:00:00Z }
requests: { proof: none }
`;
const DIRECTORY = `
apiVersion: elevation/v1
kind: Directory
jobFunctions: { dba: {}, support: {} }
people:
  alice@example.com: { name: Alice, jobFunctions: [dba], identities: { postgres: alice, aws: alice } }
  bruno@example.com: { name: Bruno, jobFunctions: [dba], identities: { postgres: bruno } }
  nadia@example.com: { name: Nadia, jobFunctions: [dba] }
  mallory@example.com: { name: Mallory, jobFunctions: [support], identities: { postgres: mallory } }
`;

/** What a resource of an analysis is, where it differs from a good Grant's. */
export interface Analyzed {
  readonly type?: string;
  readonly urn?: string;
  readonly stack?: string;
  readonly origin?: unknown;
  /** `__provider`, which the engine shows to remediations only. */
  readonly provider?: unknown;
  readonly opts?: Partial<ResourceValidationArgs["opts"]>;
  /** The name of the provider resource. */
  readonly providerName?: string;
  /** Whether the engine asks for remediations first: not when the pack's configuration changes a rule's level. */
  readonly isRemediated?: boolean;
  /** Rules that the pack's configuration disables: the engine's SDK doesn't call them. */
  readonly disabled?: readonly string[];
  /** Whether it has no property but `__provider`, if that. */
  readonly isEmpty?: boolean;
}

/** One process of the pack. */
export interface Pack {
  /** Runs every rule on one resource, as one analysis of the engine does; `level rule: message` of each violation. */
  analyze(request: unknown, resource?: Analyzed): Promise<string[]>;
  /** Runs every stack rule on the stack's resources, as the engine does at the end of an operation. */
  analyzeStack(resources: readonly StackResource[]): Promise<string[]>;
}

/** A resource as a stack rule sees it: outputs, or in a preview inputs. */
export interface StackResource {
  readonly name: string;
  readonly type?: string;
  readonly props?: Record<string, unknown>;
}

/** The pack's folder, with its documents. */
export function makePackFolder(policy = POLICY): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "elevation-pack-"));
  writeFileSync(join(folder, "elevation.yaml"), policy);
  writeFileSync(join(folder, "directory.yaml"), DIRECTORY);
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

/** What `--policy-pack-config` sets, by rule. */
export type PackConfig = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export function startPack(
  folder: string,
  clock: () => Instant,
  env: Record<string, string> = {},
  config: PackConfig = {},
): Pack {
  const verdicts = createVerdicts({ folder, env, clock });
  const pack = { verdicts, coverage: createCoverage() };
  const policies = rules.map((rule) => ({ rule, policy: policyOf(rule, pack) }));
  /** As the engine hands it out: the schema's defaults, and what is set over them. */
  const configOf = ({ name, configSchema }: Policy) => {
    const defaults = Object.entries(configSchema?.properties ?? {}).map(([key, of]) => [key, of.default]);
    return () => ({ ...Object.fromEntries(defaults), ...config[name] }) as never;
  };
  return {
    analyze: async (request, resource = {}) => {
      const found: string[] = [];
      const { provider = SHELL_TEXT } = resource;
      if (resource.isRemediated !== false) {
        const args = argsOf(request, resource, provider === NO_CODE ? {} : { __provider: provider });
        for (const { policy } of policies) if ("validateResource" in policy) await policy.remediateResource?.(args);
      }
      for (const { rule, policy } of policies) {
        if (!("validateResource" in policy) || resource.disabled?.includes(rule.id)) continue;
        if (typeof policy.validateResource !== "function") throw new Error(`${rule.id} has no single check`);
        const args = { ...argsOf(request, resource), getConfig: configOf(policy) };
        await policy.validateResource(args, (message) => {
          found.push(`${rule.enforcement} ${rule.id}: ${message}`);
        });
      }
      return found;
    },
    analyzeStack: async (resources) => {
      const found: string[] = [];
      for (const { rule, policy } of policies) {
        if (!("validateStack" in policy)) continue;
        await policy.validateStack({ ...stackOf(resources), getConfig: configOf(policy) }, (message) => {
          found.push(`${rule.enforcement} ${rule.id}: ${message}`);
        });
      }
      return found;
    },
  };
}

function stackOf(resources: readonly StackResource[]): StackValidationArgs {
  const all = resources.map(({ name, type = GRANT_TYPE, props = {} }) => {
    const resource = { name, type, urn: `urn:${name}`, props: unknownCheckingProxy(props) };
    return resource as unknown as PolicyResource;
  });
  return { resources: all } as unknown as StackValidationArgs;
}

function argsOf(request: unknown, resource: Analyzed, internal: object = {}): ResourceValidationArgs {
  const { stack = "production", origin = "alice.yaml", opts, providerName = "default" } = resource;
  const shown = { request, origin, organization: "organization", project: "elevation", stack };
  const props = resource.isEmpty === true ? internal : { ...internal, ...shown };
  const none = {
    protect: false,
    ignoreChanges: [],
    aliases: [],
    customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
    additionalSecretOutputs: [],
  };
  const args = {
    type: resource.type ?? GRANT_TYPE,
    urn: resource.urn ?? "urn:g",
    name: "g",
    props: unknownCheckingProxy(props),
    opts: { ...none, ...opts },
    provider: { type: "pulumi:providers:pulumi-nodejs", name: providerName, urn: "urn:p", props: {} },
  };
  return args as unknown as ResourceValidationArgs;
}
