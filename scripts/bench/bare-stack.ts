// SPDX-License-Identifier: Apache-2.0
import type { Workspace } from "../support/workspace";
import { requestOf } from "./documents";

/** As long as a Grant's own shell (docs/adr/0001-literal-shell.md), which also runs what is installed. */
const SHELL = 'exports.handler = () => require(process.cwd() + "/nothing").handler();';

/** What a grant's outputs hold besides its inputs, at the same lengths. */
const OUTPUTS = {
  digest: `sha256:${"0".repeat(64)}`,
  status: "active",
  rule: "dba-production",
  activatedAt: "2026-11-24T10:00:00.000Z",
  expiresAt: "2026-11-24T14:00:00.000Z",
  place: {
    kind: "postgres",
    connection: "orders-production",
    role: "app_0",
    server: "7300000000000000001",
    identity: "person_00",
    object: `elev_${"0".repeat(40)}`,
  },
  drift: [],
  witness: { seq: 1000, hash: "0".repeat(64) },
};

/** Does nothing, by the protocol of every dynamic provider: what is left is Pulumi's own cost. */
const NOTHING = `const outputs = ${JSON.stringify(OUTPUTS)};
exports.handler = () => ({
  check: async (_olds, news) => ({ inputs: news, failures: [] }),
  diff: async () => ({ changes: false }),
  create: async (inputs) => ({ id: "sha256:" + inputs.request.metadata.name.padStart(64, "0"), outs: { ...inputs, ...outputs } }),
  read: async (id, props) => ({ id, props }),
  update: async (_id, _olds, news) => ({ outs: { ...news, ...outputs } }),
  delete: async () => undefined,
});
`;

const PROGRAM = `import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";

class Nothing extends pulumi.CustomResource {
  constructor(name: string, inputs: pulumi.Inputs) {
    super("pulumi-nodejs:dynamic/bench:Nothing", name, inputs);
  }
}

const { provider, all } = JSON.parse(readFileSync("bare.json", "utf8"));
for (const { name, inputs } of all) {
  const where = { organization: pulumi.getOrganization(), project: pulumi.getProject(), stack: pulumi.getStack() };
  new Nothing(name, { __provider: provider, ...inputs, ...where });
}
`;

/** Makes a workspace's program declare so many resources that do nothing, with inputs and outputs of a grant's size. */
export function makeBare(workspace: Workspace, count: number): void {
  const now = new Date();
  const all = Array.from({ length: count }, (_, index) => {
    const { metadata, spec } = requestOf(index, now);
    const request = { apiVersion: "elevation/v1", kind: "Request", metadata, spec };
    const name = `${metadata.name}-${String(index).padStart(12, "0")}`;
    return { name, inputs: { request, origin: `${metadata.name}.yaml` } };
  });
  workspace.write("stacks/index.ts", PROGRAM);
  workspace.write("stacks/nothing.js", NOTHING);
  workspace.write("stacks/bare.json", JSON.stringify({ provider: SHELL, all }));
}

/** Adds a policy pack without rules, in `empty-pack`. */
export function makeEmptyPack(workspace: Workspace): void {
  workspace.write("empty-pack/PulumiPolicy.yaml", "runtime: nodejs\n");
  workspace.write(
    "empty-pack/package.json",
    JSON.stringify({ name: "empty-pack", version: "0.0.1", main: "index.js" }),
  );
  workspace.write(
    "empty-pack/index.js",
    'const { PolicyPack } = require("@pulumi/policy");\nnew PolicyPack("empty", { policies: [] });\n',
  );
}
