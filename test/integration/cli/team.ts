// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readJudge, readRequest } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import { activate, createWorld, type GrantInputs, type GrantState } from "@elevation/provider/lifecycle";
import type { OrdersServer } from "../../support/postgres";
import { aRequest, DIRECTORY, POLICY } from "./documents";
import { aJournal, aProject, JOB, type Project } from "./elevate";

/** The policy of {@link POLICY}, for grants that last no minute. */
export const SHORT = POLICY.replace("min: PT1M", "min: PT0.1S");
/** The options that name the project's own documents. */
export const BY = ["--policy", "policypack/elevation.yaml", "--directory", "policypack/directory.yaml"];
/** What a holder of the role may do, and nobody else. */
export const ADMIN_WORK = "SELECT count(*)::int FROM orders";
export const REFUSED = "permission denied for table orders";

/** A request whose start is yet to come, as an `up` left it. */
export interface Scheduled {
  readonly inputs: GrantInputs;
  readonly state: GrantState;
  readonly startAt: number;
}

/** A project with a journal, whose grants are made at a real server. */
export interface Team {
  readonly project: Project;
  /** For a job that holds the journal and the connection. */
  readonly env: Readonly<Record<string, string>>;
  /** The journal's. */
  readonly address: string;
  /** Runs something in this process, as `up` runs the provider. */
  inProvider<T>(run: (world: ReturnType<typeof createWorld>) => Promise<T>): Promise<T>;
  /** What `up` does with a request: its file is written, and its grant made. */
  grant(name: string, spec?: Readonly<Record<string, unknown>>): Promise<GrantState>;
  /** What `up` does with one that starts so many milliseconds from now. */
  schedule(name: string, milliseconds: number, spec?: Readonly<Record<string, unknown>>): Promise<Scheduled>;
  /** The types of the journal's events on a request, in order. */
  typesOf(request: string): Promise<string[]>;
}

export async function aTeam(orders: OrdersServer): Promise<Team> {
  const project = aProject();
  const { address, journal, env: anchors } = await aJournal(project);
  await journal.close();
  project.write("policypack/elevation.yaml", SHORT);
  project.write("stacks/requests/.gitkeep", "");
  const env = { ...anchors, ELEVATION_CONNECTION_ORDERS_PRODUCTION: orders.server.url("elevation_manager", "orders") };
  const inProvider: Team["inProvider"] = async (run) => {
    const documents = readJudge({ file: "policy", text: SHORT }, { file: "directory", text: DIRECTORY });
    const world = createWorld(env, { config: () => undefined, actor: JOB, say: () => undefined });
    try {
      return await run({ ...world, judge: () => documents });
    } finally {
      await (await world.journal()).close();
    }
  };
  const up = async (name: string, spec: Readonly<Record<string, unknown>>) => {
    const requestedAt = new Date(Date.now() - 1000).toISOString();
    const text = aRequest({ requestedAt, duration: "PT10M", ...spec }, name);
    const origin = `${name}.yaml`;
    project.write(`stacks/requests/${origin}`, text);
    const { value: request, digest } = readRequest({ file: origin, text });
    const inputs = { request, digest, origin, organization: "organization", project: "example", stack: "production" };
    return { inputs, state: await inProvider((world) => activate(world, inputs)) };
  };
  return {
    ...{ project, env, address, inProvider },
    grant: async (name, spec = {}) => (await up(name, spec)).state,
    schedule: async (name, milliseconds, spec = {}) => {
      const startAt = Date.now() + milliseconds;
      const { inputs, state } = await up(name, { startAt: new Date(startAt).toISOString(), ...spec });
      assert.equal(state.status, "scheduled");
      return { inputs, state, startAt };
    },
    typesOf: async (request) =>
      (await openStore(address).read()).filter((event) => event.request === request).map(({ type }) => type),
  };
}
