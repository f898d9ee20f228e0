// SPDX-License-Identifier: Apache-2.0
import type { Policy } from "@elevation/domain";
import { type Holding, reasonOf } from "@elevation/provider/lifecycle";
import { createTargets } from "@elevation/provider/targets";
import { neutral } from "./neutral";
import { renderTable } from "./table";
import type { Terminal } from "./terminal";

/** Who has a role of the policy at its target by other means than a grant. */
export interface StandingRole {
  readonly role: string;
  readonly environment: string;
  readonly target: { readonly kind: string; readonly connection: string; readonly role: string };
  readonly holders: readonly Holding[];
  /** Why the target could not be asked; null where it could. */
  readonly reason: string | null;
}

type Asked = Pick<StandingRole, "role" | "environment" | "target">;

/** Asks each target of a policy: the roles of one connection one after the other, in one session. Never rejects. */
export async function standingOf(policy: Policy, env: Terminal["env"]): Promise<readonly StandingRole[]> {
  const targets = createTargets(env);
  const all: readonly Asked[] = Object.entries(policy.roles).flatMap(([role, { targets: places }]) =>
    Object.entries(places).map(([environment, { kind, connection, role: there }]) => ({
      ...{ role, environment, target: { kind, connection, role: there } },
    })),
  );
  const lines = new Map<string, Promise<unknown>>();
  return Promise.all(
    all.map((one) => {
      const line = JSON.stringify([one.target.kind, one.target.connection]);
      const answer = (lines.get(line) ?? Promise.resolve()).then(() => ask(targets, one));
      lines.set(line, answer);
      return answer;
    }),
  );
}

async function ask(targets: ReturnType<typeof createTargets>, one: Asked): Promise<StandingRole> {
  try {
    const connection = await targets.get(one.target.kind)?.connect(one.target.connection);
    if (connection === undefined) throw new Error(`this version has no target of kind \`${one.target.kind}\``);
    try {
      return { ...one, holders: await connection.holdings(one.target.role), reason: null };
    } finally {
      await connection.close();
    }
  } catch (error) {
    return { ...one, holders: [], reason: reasonOf(error) };
  }
}

const HEAD = ["role", "environment", "connection", "who", "how", "through"];

/** For people; a role that nobody holds otherwise is said to be such. */
export function renderStanding(terminal: Terminal, standing: readonly StandingRole[]): string {
  const { bold, red } = terminal.colours;
  const rows = standing.flatMap(({ role, environment, target, holders, reason }) => {
    if (reason !== null) return [[role, environment, target.connection, { text: "not known", paint: red }, "", ""]];
    if (holders.length === 0) return [[role, environment, target.connection, "nobody", "", ""]];
    return holders.map(({ member, isLogin, how, through }) => [
      ...[role, environment, target.connection],
      ...[isLogin ? member : `${member} (no login)`, how.join(", "), through.join(", ") || "-"],
    ]);
  });
  const reasons = new Set(standing.flatMap(({ reason }) => reason ?? []));
  return [
    bold("held without a grant"),
    renderTable(terminal, HEAD, rows),
    ...[...reasons].map((reason) => red(neutral(`UNREACHED: ${reason}`))),
  ].join("\n");
}
