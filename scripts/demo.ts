// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { getEngine } from "@elevation/engine";
import { makeOrdersDatabase } from "./support/orders-database";
import { type PostgresServer, startPostgres } from "./support/postgres";
import { openSession, type SqlSession } from "./support/sql-session";
import { createWorkspace, type Finished, repository, type Workspace } from "./support/workspace";

// The main job, with the real engine and a real PostgreSQL: a person gets a production database admin role for half a
// minute as code, uses it, and loses it. Nothing is simulated; every line below a `$` is what the command printed.

const isTerminal = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
const bold = (text: string): string => (isTerminal ? `\u001b[1m${text}\u001b[22m` : text);
const dim = (text: string): string => (isTerminal ? `\u001b[2m${text}\u001b[22m` : text);

const REQUEST_FILE = "stacks/requests/alice-orders.yaml";
const ADMIN_WORK = "CREATE INDEX orders_by_customer ON orders (customer)";

async function main(): Promise<void> {
  const engine = await getEngine({ onProgress: progress });
  progress(`engine: pulumi ${engine.version} (${engine.source})`);
  const server = await startPostgres({ onProgress: progress });
  try {
    await makeOrdersDatabase(server);
    const workspace = createWorkspace({
      policy: readFileSync(join(repository, "demo", "elevation.yaml"), "utf8"),
      directory: readFileSync(join(repository, "demo", "directory.yaml"), "utf8"),
      env: {
        ...engine.env,
        ELEVATION_CONNECTION_ORDERS_PRODUCTION: server.url("elevation_manager", "orders"),
        PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      },
    });
    try {
      await play(workspace, server);
    } finally {
      workspace.dispose();
    }
  } finally {
    await server.stop();
  }
}

async function play(workspace: Workspace, server: PostgresServer): Promise<void> {
  step("A journal is opened, once. The job that deploys holds its id, and the connection's address; nobody else does.");
  const journal = await elevate(workspace, ["journal", "init", "--json"], 0);
  workspace.env["ELEVATION_JOURNAL_ID"] = (JSON.parse(journal.stdout) as { id: string }).id;
  await pulumi(workspace, ["stack", "init", "production"], 0);

  step("Alice is a dba. She asks for the orders database in production: for eight hours, without a ticket.");
  request(workspace, { duration: "PT8H" });
  await pulumi(workspace, ["preview", "--policy-pack", "policypack"], "fails");

  step("She mends it: half a minute, and the incident's number. `elevate check` needs no engine.");
  request(workspace, { duration: "PT30S", ticket: "INC-4711" });
  await elevate(workspace, ["check", REQUEST_FILE], 0);
  await pulumi(workspace, ["preview", "--policy-pack", "policypack"], 0);

  step("Alice has a session open already. Without the grant it can't do an admin's work.");
  const alice = await openSession(server.url("alice", "orders"));
  await expectRefused("alice", alice, ADMIN_WORK);

  step("The request is merged, and the protected job deploys it.");
  await pulumi(workspace, ["up", "--yes", "--policy-pack", "policypack"], 0);
  const grantedAt = Date.now();

  step("Her open session does what only an admin can; Bruno, who asked for nothing, is refused.");
  await expectDone("alice", alice, ADMIN_WORK);
  const bruno = await openSession(server.url("bruno", "orders"));
  await expectRefused("bruno", bruno, "SELECT count(*) FROM orders");
  await bruno.close();
  await elevate(workspace, ["status"], 0);

  step("Half a minute passes. A scheduled job refreshes the stack: the grant has ended, and is destroyed.");
  await countdown(grantedAt + 30_000);
  await pulumi(workspace, ["refresh", "--yes", "--skip-preview"], 0);

  step("Her session was cut. A new one can log in, and can't do the work.");
  print(`alice@orders: ${await alice.cut}`);
  const again = await openSession(server.url("alice", "orders"));
  await expectRefused("alice", again, "SELECT count(*) FROM orders");

  step("The request is still in the code. Another `up` doesn't bring the access back.");
  await pulumi(workspace, ["up", "--yes", "--policy-pack", "policypack"], 0);
  await expectRefused("alice", again, "SELECT count(*) FROM orders");
  await again.close();

  step("Every step left evidence, in a chain that verifies.");
  await elevate(workspace, ["audit", "verify"], 0);
}

function request(workspace: Workspace, spec: { duration: string; ticket?: string }): void {
  const lines = [
    "apiVersion: elevation/v1",
    "kind: Request",
    "metadata: { name: alice-orders }",
    "spec:",
    "  requester: alice@example.com",
    "  role: orders-admin",
    "  environment: production",
    `  duration: ${spec.duration}`,
    `  requestedAt: ${new Date().toISOString()}`,
    "  reason: Rebuild the orders index",
    ...(spec.ticket === undefined ? [] : [`  ticket: ${spec.ticket}`]),
  ];
  print(dim(`# ${REQUEST_FILE}`));
  for (const line of lines) print(`  ${line}`);
  workspace.write(REQUEST_FILE, `${lines.join("\n")}\n`);
}

async function pulumi(workspace: Workspace, args: readonly string[], expected: 0 | "fails"): Promise<Finished> {
  return shown(`pulumi ${args.join(" ")}`, workspace.pulumi(args, { onOutput: stream() }), expected);
}

async function elevate(workspace: Workspace, args: readonly string[], expected: 0): Promise<Finished> {
  return shown(`npx --no elevate ${args.join(" ")}`, workspace.elevate(args, { onOutput: stream() }), expected);
}

async function shown(command: string, running: Promise<Finished>, expected: 0 | "fails"): Promise<Finished> {
  print(bold(`$ ${command}`));
  const finished = await running;
  if (finished.code !== 0) print(dim(`exit code ${finished.code}`));
  const asExpected = expected === 0 ? finished.code === 0 : finished.code !== 0;
  if (!asExpected) throw new Error(`\`${command}\` ended with exit code ${finished.code}`);
  return finished;
}

async function expectDone(person: string, session: SqlSession, statement: string): Promise<void> {
  const answer = await sql(person, session, statement);
  if (answer.startsWith("ERROR")) throw new Error(`${person} was refused: ${answer}`);
}

async function expectRefused(person: string, session: SqlSession, statement: string): Promise<void> {
  const answer = await sql(person, session, statement);
  if (!answer.startsWith("ERROR")) throw new Error(`${person} was not refused: ${answer}`);
}

async function sql(person: string, session: SqlSession, statement: string): Promise<string> {
  print(bold(`${person}@orders=> ${statement};`));
  const answer = await session.run(statement);
  print(answer);
  return answer;
}

async function countdown(until: number): Promise<void> {
  for (let left = until - Date.now(); left > 0; left = until - Date.now()) {
    if (isTerminal) process.stdout.write(`\r${Math.ceil(left / 1000)} s left `);
    await delay(Math.min(left, 1_000));
  }
  if (isTerminal) process.stdout.write("\r            \r");
}

let steps = 0;
function step(text: string): void {
  steps += 1;
  print(`\n${bold(`${steps}. ${text}`)}`);
}

/** Output as it comes, with a margin. */
function stream(): (text: string) => void {
  let atLineStart = true;
  return (text) => {
    const indented = text.replace(/^(?=.)/gm, "  ");
    process.stdout.write(atLineStart || !indented.startsWith("  ") ? indented : indented.slice(2));
    atLineStart = text.endsWith("\n");
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`the demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
