// SPDX-License-Identifier: Apache-2.0
import { type Digest, digestOf, GRANT_TYPE, isDocumentError, parseRequest, type Request } from "@elevation/domain";
import * as pulumi from "@pulumi/pulumi";
import { GrantError } from "../errors";
import { SHELL_TEXT } from "./shell-text";

/**
 * What a Grant asks for: the request as plain values. None is a `pulumi.Input`: a value that is unknown at preview would
 * turn every mandatory rule that looks at it into an advisory one.
 */
export interface GrantArgs {
  readonly metadata: Request["metadata"];
  readonly spec: Request["spec"];
  /** Path of the request file below the requests folder; set by the loader, absent for a grant written in a program. */
  readonly origin?: string;
}

/**
 * The only resource option that a Grant takes. No `parent`: a component hands its `retainOnDelete`, `deletedWith` and
 * `protect` down, unseen, and each of them keeps a withdrawn grant open.
 */
export interface GrantOptions {
  readonly dependsOn?: pulumi.Resource | pulumi.Resource[];
}

const ALLOWED_OPTIONS: readonly string[] = ["dependsOn"] satisfies (keyof GrantOptions)[];

/** The Pulumi name of a request's Grant: a changed request is another resource, never a replacement of a live one. */
export function grantName(request: Request, digest: Digest): string {
  return `${request.metadata.name}-${digest.slice("sha256:".length, "sha256:".length + 12)}`;
}

/**
 * One person's role in one environment for a bounded time. Creating it asks the policy again and opens the access at the
 * target; deleting it ends the access; a refresh at or after its expiry ends and drops it. The same request never opens
 * access twice.
 *
 * Throws GrantError `input-invalid` for a malformed request and for every resource option but `dependsOn`: the others can
 * drop a live grant without ending it.
 */
export class Grant extends pulumi.CustomResource {
  declare readonly status: pulumi.Output<string>;
  declare readonly activatedAt: pulumi.Output<string | undefined>;
  declare readonly expiresAt: pulumi.Output<string | undefined>;

  constructor(args: GrantArgs, options: GrantOptions = {}) {
    refuseOptions(args, options);
    const request = readArgs(args);
    super(
      GRANT_TYPE,
      grantName(request, digestOf(request)),
      grantInputs(request, args.origin ?? ""),
      plainOptions(options),
    );
  }
}

function grantInputs(request: Request, origin: string): pulumi.Inputs {
  return {
    __provider: SHELL_TEXT,
    request,
    origin,
    organization: pulumi.getOrganization(),
    project: pulumi.getProject(),
    stack: pulumi.getStack(),
    status: undefined,
    activatedAt: undefined,
    expiresAt: undefined,
  };
}

function plainOptions(options: GrantOptions): pulumi.CustomResourceOptions {
  // NB. set here, they are not inherited from the stack either.
  return { ...options, protect: false, retainOnDelete: false };
}

function refuseOptions(args: GrantArgs, options: object): void {
  const refused = Object.entries(options).filter(
    ([key, value]) => value !== undefined && !ALLOWED_OPTIONS.includes(key),
  );
  if (refused.length === 0) return;
  const names = refused.map(([key]) => `\`${key}\``).join(", ");
  throw new GrantError(
    "input-invalid",
    `grant \`${args.metadata?.name}\` has the resource option ${names}; only \`dependsOn\` is allowed, since others can keep access open or hide a change; remove it`,
  );
}

function readArgs(args: GrantArgs): Request {
  const { metadata, spec, origin: _origin, ...unknown } = args;
  try {
    const whole = { apiVersion: "elevation/v1", kind: "Request", metadata, spec, ...unknown };
    return parseRequest(whole, `grant \`${metadata?.name}\``);
  } catch (error) {
    if (isDocumentError(error)) throw new GrantError("input-invalid", error.message, { cause: error });
    throw error;
  }
}
