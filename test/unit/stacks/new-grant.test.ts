// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { digestOf, parseRequest, readRequest } from "@elevation/domain";
import { repository } from "@elevation/scripts/support/workspace";
import * as pulumi from "@pulumi/pulumi";
import ts from "typescript";

const FILE = join(repository, "stacks", "examples", "new-grant.ts");

/** What a person would write below stacks/requests instead, in an order of their own. */
const REQUEST = `# The same, for people who don't write programs.
kind: Request
apiVersion: elevation/v1
metadata: { name: alice-orders-2026-11-24 }
spec:
  reason: Try the rebuild of the orders index before production
  role: orders-admin
  environment: staging
  requester: alice@example.com
  requestedAt: 2026-11-24T09:00:00Z
  duration: PT45M
`;

describe("stacks/examples/new-grant.ts", () => {
  it("when it runs, then it declares the Grant that the same request file would, so that access opens once", async () => {
    const declared: { readonly name: string; readonly request: unknown }[] = [];
    const newResource = ({ name, inputs }: pulumi.runtime.MockResourceArgs) => {
      const { request } = inputs as { request: unknown };
      declared.push({ name, request });
      return { id: name, state: {} };
    };
    await pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "elevation", "staging", false, "acme");
    load().reindexOrders();
    await pulumi.runtime.disconnect();

    const { digest, value } = readRequest({ file: "alice.yaml", text: REQUEST });
    assert.deepEqual(declared, [
      { name: `alice-orders-2026-11-24-${digest.slice("sha256:".length, "sha256:".length + 12)}`, request: value },
    ]);
    assert.equal(digestOf(parseRequest(declared[0]?.request, "new-grant.ts")), digest);
  });
});

/** The example as the engine's language host loads it: compiled in memory, its imports found from where it stands. */
function load(): { readonly reindexOrders: () => unknown } {
  const { outputText } = ts.transpileModule(readFileSync(FILE, "utf8"), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
  });
  const loaded = { exports: {} as { readonly reindexOrders: () => unknown } };
  new Function("require", "module", "exports", outputText)(createRequire(FILE), loaded, loaded.exports);
  return loaded.exports;
}
