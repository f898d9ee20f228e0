// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Instant } from "@elevation/domain";
import { rules } from "@elevation/policypack/rules";
import { createVerdicts } from "@elevation/policypack/verdict";
import { SHELL_TEXT } from "@elevation/provider";
import type { ResourceValidationArgs } from "@pulumi/policy";

/** What the pack's SDK wraps properties in: reading a value that isn't known yet throws. */
const { unknownCheckingProxy, unknownStringValue } = require("@pulumi/policy/proxy") as {
  unknownCheckingProxy: (props: unknown) => Record<string, unknown>;
  unknownStringValue: string;
};

/** A value that is known only after `up`, as the engine sends it. */
export const UNKNOWN = unknownStringValue;

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
}

/** One process of the pack. */
export interface Pack {
  /** Runs every rule on one resource, as one analysis of the engine does; `level rule: message` of each violation. */
  analyze(request: unknown, resource?: Analyzed): Promise<string[]>;
}

/** The pack's folder, with its documents. */
export function makePackFolder(policy = POLICY): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "elevation-pack-"));
  writeFileSync(join(folder, "elevation.yaml"), policy);
  writeFileSync(join(folder, "directory.yaml"), DIRECTORY);
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

export function startPack(folder: string, clock: () => Instant, env: Record<string, string> = {}): Pack {
  const verdicts = createVerdicts({ folder, env, clock });
  const policies = rules.map((rule) => ({ rule, policy: rule.policy(verdicts) }));
  return {
    analyze: async (request, resource = {}) => {
      const found: string[] = [];
      const { provider = SHELL_TEXT } = resource;
      if (resource.isRemediated !== false) {
        const args = argsOf(request, resource, { __provider: provider });
        for (const { policy } of policies) await policy.remediateResource?.(args);
      }
      for (const { rule, policy } of policies) {
        if (typeof policy.validateResource !== "function") throw new Error(`${rule.id} has no single check`);
        await policy.validateResource(argsOf(request, resource), (message) => {
          found.push(`${rule.enforcement} ${rule.id}: ${message}`);
        });
      }
      return found;
    },
  };
}

function argsOf(request: unknown, resource: Analyzed, internal: object = {}): ResourceValidationArgs {
  const { stack = "production", origin = "alice.yaml", opts, providerName = "default" } = resource;
  const props = { ...internal, request, origin, organization: "organization", project: "elevation", stack };
  const none = {
    protect: false,
    ignoreChanges: [],
    aliases: [],
    customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
    additionalSecretOutputs: [],
  };
  const args = {
    type: resource.type ?? "pulumi-nodejs:dynamic/elevation:Grant",
    urn: resource.urn ?? "urn:g",
    name: "g",
    props: unknownCheckingProxy(props),
    opts: { ...none, ...opts },
    provider: { type: "pulumi:providers:pulumi-nodejs", name: providerName, urn: "urn:p", props: {} },
  };
  return args as unknown as ResourceValidationArgs;
}
