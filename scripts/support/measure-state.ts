// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getEngine } from "@elevation/engine";
import { makeOrdersDatabase } from "./orders-database";
import { startPostgres } from "./postgres";
import { createWorkspace, must, openStack, repository, type Workspace } from "./workspace";

const GRANTS = 20;

/**
 * Bytes that one live grant adds to the stack's state, as `pulumi stack export` gives it in compact JSON: measured on
 * the real engine with a real PostgreSQL, over the same stack without grants.
 */
export async function measureState(onProgress: (line: string) => void): Promise<number> {
  const engine = await getEngine({ onProgress });
  const server = await startPostgres({ onProgress });
  try {
    await makeOrdersDatabase(server);
    const text = (name: string) => readFileSync(join(repository, "demo", name), "utf8");
    const address = server.url("elevation_manager", "orders");
    const env = {
      ...engine.env,
      ELEVATION_CONNECTION_ORDERS_PRODUCTION: address,
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    };
    const workspace = createWorkspace({ policy: text("elevation.yaml"), directory: text("directory.yaml"), env });
    try {
      return await perGrant(workspace);
    } finally {
      workspace.dispose();
    }
  } finally {
    await server.stop();
  }
}

async function perGrant(workspace: Workspace): Promise<number> {
  await openStack(workspace, "production");
  await must(workspace.pulumi(["up", "--yes", "--skip-preview"]));
  const empty = await stateSize(workspace);
  for (let index = 1; index <= GRANTS; index++) {
    workspace.write(`stacks/requests/alice-orders-${index}.yaml`, requestText(index));
  }
  await must(workspace.pulumi(["up", "--yes", "--skip-preview"]));
  return Math.round(((await stateSize(workspace)) - empty) / GRANTS);
}

async function stateSize(workspace: Workspace): Promise<number> {
  const { stdout } = await must(workspace.pulumi(["stack", "export"]));
  return Buffer.byteLength(JSON.stringify(JSON.parse(stdout)));
}

/** All fields that this version takes, at the lengths that people write. */
function requestText(index: number): string {
  const requestedAt = new Date();
  const activateBy = new Date(requestedAt.getTime() + 3_600_000);
  return `apiVersion: elevation/v1
kind: Request
metadata: { name: alice-orders-${index} }
spec:
  requester: alice@example.com
  role: orders-admin
  environment: production
  duration: PT30M
  requestedAt: ${requestedAt.toISOString()}
  activateBy: ${activateBy.toISOString()}
  reason: Rebuild the index of the orders table after the import of ${index} partners stalled
  ticket: INC-${4711 + index}
`;
}
