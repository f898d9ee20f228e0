// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import type { AuditVerifyOptions } from "./commands/audit-verify";
import type { CheckOptions } from "./commands/check";
import type { DiffOptions } from "./commands/diff";
import type { DrillCommandOptions } from "./commands/drill";
import type { ExplainOptions } from "./commands/explain";
import type { JournalInitOptions } from "./commands/journal-init";
import type { LintOptions } from "./commands/lint";
import type { OrdersSqlOptions } from "./commands/orders-sql";
import type { ReapOptions } from "./commands/reap";
import type { StacksOptions } from "./commands/stacks";
import type { StatusOptions } from "./commands/status";
import type { TestOptions } from "./commands/test";
import type { ExitCode } from "./exit";
import * as help from "./help";
import { neutralLines } from "./neutral";
import type { Terminal } from "./terminal";

type Done = (exit: ExitCode) => void;

/**
 * The commands of this version. Each loads its own modules when it runs: what a command doesn't need would be half of
 * its time. INVARIANT (lazy): this module and what it imports load neither domain nor journal.
 */
export function makeProgram(terminal: Terminal, done: Done): Command {
  const program = new Command("elevate")
    .description("Just-in-time privilege elevation: the same decision for people, CI and the engine.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .configureOutput({ writeErr: (text) => void process.stderr.write(neutralLines(text)) })
    .configureHelp({ helpWidth: 100 })
    .addHelpText("after", help.ALL)
    .exitOverride();
  addCheck(program, terminal, done);
  addExplain(program, terminal, done);
  addDiff(program, terminal, done);
  addTest(program, terminal, done);
  addLint(program, terminal, done);
  addSchema(program, terminal, done);
  addStatus(program, terminal, done);
  addStacks(program, terminal, done);
  addReap(program, terminal, done);
  addDrill(program, terminal, done);
  addOrders(program, terminal, done);
  addJournal(program, terminal, done);
  addAudit(program, terminal, done);
  return program;
}

function addCheck(program: Command, terminal: Terminal, done: Done): void {
  program
    .command("check")
    .summary("judge requests: allowed or denied, and how to mend what is denied")
    .description("Judges requests by policy, directory and journal, each by itself, without an engine.")
    .argument("<request...>", "request files, or folders: all .yaml, .yml and .json files below")
    .option("--at <instant>", "judge at this instant instead of now, as in 2026-11-24T10:00:00Z")
    .option("--policy <file>", "instead of policypack/elevation.yaml of the project")
    .option("--directory <file>", "instead of policypack/directory.yaml of the project")
    .option("--journal <address>", "instead of ELEVATION_JOURNAL, as in file:journal.jsonl")
    .option("--json", "print the decision (a list of them for several requests or a folder)")
    .option("--record", "journal the decisions; in a trusted job only")
    // Of the contract, and refused by this version with a better word than "unknown option".
    .addOption(new Option("--approvals <folder>").hideHelp())
    .addOption(new Option("--allowed-signers <file>").hideHelp())
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.CHECK)
    .action(async (requests: string[], options: CheckOptions) => {
      const { check } = require("./commands/check") as typeof import("./commands/check");
      done(await check(requests, options, terminal));
    });
}

function addExplain(program: Command, terminal: Terminal, done: Done): void {
  program
    .command("explain")
    .summary("tell what a person could get and what it takes, or who could get a role")
    .description(
      "Tells what a person could get at an instant, for how long and what it takes; or who could get a role.",
    )
    .argument("[person]", "an email of the directory; without one, --role tells who could get that role")
    .option("--role <role>", "only this role")
    .option("--environment <name>", "only this environment; with person and role: why, why not, what to do")
    .option("--at <instant>", "at this instant instead of now, as in 2026-11-24T10:00:00Z")
    .option("--policy <file>", "instead of policypack/elevation.yaml of the project")
    .option("--directory <file>", "instead of policypack/directory.yaml of the project")
    .option("--journal <address>", "instead of ELEVATION_JOURNAL, as in file:journal.jsonl")
    .option("--json", "print it for programs")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.EXPLAIN)
    .action(async (person: string | undefined, options: ExplainOptions) => {
      const { explain } = require("./commands/explain") as typeof import("./commands/explain");
      done(await explain(person, options, terminal));
    });
}

function addDiff(program: Command, terminal: Terminal, done: Done): void {
  program
    .command("diff")
    .summary("tell who gains or loses what by a change of policy or directory")
    .description(
      "Tells what a change of policy or directory means: who gains or loses what, when, for how long, for what.",
    )
    .argument("<old>", "a policy, a directory, a folder with both, or Git revisions as in main..HEAD")
    .argument("[new]", "what takes its place, of the same sort")
    .option("--at <instant>", "compare from this instant on instead of now, as in 2026-11-24T10:00:00Z")
    .option("--policy <file>", "to go with directories; in revisions: instead of policypack/elevation.yaml")
    .option("--directory <file>", "to go with policies; in revisions: instead of policypack/directory.yaml")
    .option("--journal <address>", "instead of ELEVATION_JOURNAL, as in file:journal.jsonl")
    .option("--replay", "also judge every decision of the journal again, by the new side")
    .option("--markdown", "print Markdown, for a pull request")
    .option("--json", "print it for programs")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.DIFF)
    .action(async (old: string, now: string | undefined, options: DiffOptions) => {
      const { diff } = require("./commands/diff") as typeof import("./commands/diff");
      done(await diff(old, now, options, terminal));
    });
}

function addTest(program: Command, terminal: Terminal, done: Done): void {
  program
    .command("test")
    .summary("run policy tests: does the policy answer what it should")
    .description("Runs policy tests: what a policy answers to requests, compared with what it should.")
    .argument("[path...]", "policy tests, or folders with some below; default: policypack of the project")
    .option("--coverage", "show of every rule what the cases saw, and what they didn't")
    .option("--json", "print it for programs")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.TEST)
    .action((paths: string[], options: TestOptions) => {
      const { test } = require("./commands/test") as typeof import("./commands/test");
      done(test(paths, options, terminal));
    });
}

function addLint(program: Command, terminal: Terminal, done: Done): void {
  program
    .command("lint")
    .summary("look for rules that never decide, and for what is wider than meant")
    .description("Looks for what is wrong with a policy and a directory that are good in form.")
    .option("--at <instant>", "what is past at this instant instead of now, as in 2026-11-24T10:00:00Z")
    .option("--policy <file>", "instead of policypack/elevation.yaml of the project")
    .option("--directory <file>", "instead of policypack/directory.yaml of the project")
    .option("--json", "print it for programs")
    .option("--tests <path>", "policy tests instead of those beside the project's policy; may be repeated", several)
    .option("--sarif <file>", "also write it as SARIF 2.1.0, for code scanning; - prints it")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.LINT)
    .action((options: LintOptions) => {
      const { lint } = require("./commands/lint") as typeof import("./commands/lint");
      done(lint(options, terminal));
    });
}

function addSchema(program: Command, terminal: Terminal, done: Done): void {
  program
    .command("schema")
    .summary("print the JSON Schema of a kind of document")
    .description("Prints the JSON Schema (draft 2020-12) of a kind of document, for editors and other tools.")
    .argument("<kind>", "Policy, Directory, Request, Order, PolicyTest or FireDrills, in any case")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.SCHEMA)
    .action((kind: string) => {
      const { schema } = require("./commands/schema") as typeof import("./commands/schema");
      done(schema(kind, terminal));
    });
}

function addStatus(program: Command, terminal: Terminal, done: Done): void {
  program
    .command("status")
    .summary("show what is live, for how long, stuck, left over or not ours")
    .description("Shows what the journal says: live grants and their ends, stuck and overdue ones, residue, orphans.")
    .option("--stuck", "only what must end and could not be ended; exit code 4 where there is any")
    .option("--at <instant>", "tell how long grants last from this instant, instead of now")
    .option("--standing", "also ask the targets who has the policy's roles without a grant")
    .option("--policy <file>", "with --standing: instead of policypack/elevation.yaml of the project")
    .option("--journal <address>", "instead of ELEVATION_JOURNAL, as in file:journal.jsonl")
    .option("--json", "print it for programs")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.STATUS)
    .action(async (options: StatusOptions) => {
      const { status } = require("./commands/status") as typeof import("./commands/status");
      done(await status(options, terminal));
    });
}

function addStacks(program: Command, terminal: Terminal, done: Done): void {
  program
    .command("stacks")
    .summary("show the stacks: what is live in each, what they have not forgotten, which are locked or broken")
    .description(
      "Shows what backend and journal say of the stacks of a Pulumi project. Needs an engine, runs nothing of them.",
    )
    .argument("[folder]", "of the project, or below it", ".")
    .option("--journal <address>", "instead of ELEVATION_JOURNAL, as in file:journal.jsonl")
    .option("--json", "print it for programs")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.STACKS)
    .action(async (folder: string, options: StacksOptions) => {
      const { stacks } = require("./commands/stacks") as typeof import("./commands/stacks");
      done(await stacks(folder, options, terminal));
    });
}

function addReap(program: Command, terminal: Terminal, done: Done): void {
  const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];
  program
    .command("reap")
    .summary("end grants at the second of their expiry; with --once what is past its end or no longer declared")
    .description(
      "Ends grants at their targets at the second of their expiry, until it is stopped (SIGINT, SIGTERM). With --once: one pass, that ends what is past its end, must end, or is no longer declared.",
    )
    .option("--once", "one pass, instead of going on until it is stopped")
    .option(
      "--declared <folder>",
      "also end what was activated from a request file of this folder that is there no more",
    )
    .option("--state <file>", "an exported stack, whose grants are ended too; may be repeated", collect, [])
    .option("--environment <name>", "only grants of this environment; may be repeated", collect, [])
    .option(
      "--unwanted <object>",
      "with --once: also end this orphan of ours before its own end; may be repeated",
      collect,
      [],
    )
    .option("--policy <file>", "judge live grants again by this policy, and --directory")
    .option("--directory <file>", "judge live grants again by this directory, and --policy; who may sign orders")
    .option("--activate", "activate scheduled grants at their start, by --policy and --directory")
    .option("--dry-run", "only say what would be done now; nothing is changed")
    .option("--orders <inbox>", "take signed orders from this folder, or from a table at a postgres:// address")
    .option("--allowed-signers <file>", "whose key signs orders (OpenSSH); with --orders and --directory")
    .option("--revoked-keys <file>", "keys that count for nothing any more, a fingerprint or public key a line")
    .option("--listen <address>", "serve /metrics and /healthz there, as in 9464 or 127.0.0.1:9464; without --once")
    .option("--every <duration>", "with --once: how often this runs, as in PT5M, so that its silence is noticed")
    .option("--heartbeat <url>", "call this URL every half minute, or with --once after the pass")
    .option("--notify <where>", "tell alarms there: log, or a webhook's URL; may be repeated", collect, [])
    .option("--stacks <folder>", "let the stacks of this Pulumi project forget what has ended; without --once")
    .option("--drill <file>", "do the fire drills of this file, by --policy and --directory; without --once")
    .option("--json", "print it for programs")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.REAP)
    .action(async (options: ReapOptions) => {
      const { reap } = require("./commands/reap") as typeof import("./commands/reap");
      done(await reap(options, terminal));
    });
}

function addDrill(program: Command, terminal: Terminal, done: Done): void {
  program
    .command("drill")
    .summary("grant canaries their roles once, and see from outside that access comes and ends")
    .description(
      "Does each fire drill of a file once: a canary is refused, granted her role, has it, and must lose it at its expiry.",
    )
    .argument("<file>", "of kind FireDrills")
    .option("--policy <file>", "instead of policypack/elevation.yaml of the project")
    .option("--directory <file>", "instead of policypack/directory.yaml of the project")
    .option("--environment <name>", "only drills of this environment; may be repeated", several)
    .option("--json", "print it for programs")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.DRILL)
    .action(async (file: string, options: DrillCommandOptions) => {
      const { drill } = require("./commands/drill") as typeof import("./commands/drill");
      done(await drill(file, options, terminal));
    });
}

function addOrders(program: Command, terminal: Terminal, done: Done): void {
  const orders = program
    .command("orders")
    .description("Prepares where signed orders arrive.")
    .summary("prepare an inbox for signed orders (sql)")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false);
  orders
    .command("sql")
    .summary("print the SQL that makes an inbox at a PostgreSQL server")
    .description("Prints the SQL that makes an inbox for signed orders at a PostgreSQL server, for psql.")
    .option("--sender <role>", "a role that may put orders in, and nothing else; may be repeated", several)
    .option("--reaper <role>", "a role that may take them; may be repeated", several)
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.ORDERS_SQL)
    .action((options: OrdersSqlOptions) => {
      const { printOrdersSql } = require("./commands/orders-sql") as typeof import("./commands/orders-sql");
      done(printOrdersSql(options, terminal));
    });
}

function addJournal(program: Command, terminal: Terminal, done: Done): void {
  const journal = program
    .command("journal")
    .description("Opens the journal.")
    .summary("open a journal (init)")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false);
  journal
    .command("init")
    .summary("open a new journal and print its id")
    .description("Opens a new journal at ELEVATION_JOURNAL and prints its id. There is no other way to make one.")
    .option("--writer <role>", "PostgreSQL: a role that may append and read; may be repeated", several)
    .option("--reader <role>", "PostgreSQL: a role that may only read; may be repeated", several)
    .option("--sql", "only print the SQL that makes it at a PostgreSQL server")
    .option("--json", "print { journal, id }")
    .addOption(new Option("--journal <address>").hideHelp())
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.JOURNAL_INIT)
    .action(async (options: JournalInitOptions) => {
      const { journalInit } = require("./commands/journal-init") as typeof import("./commands/journal-init");
      done(await journalInit(options, terminal));
    });
}

function several(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function addAudit(program: Command, terminal: Terminal, done: Done): void {
  const audit = program
    .command("audit")
    .description("Checks the record.")
    .summary("check the journal (verify)")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false);
  audit
    .command("verify")
    .summary("verify the journal's chain")
    .description("Verifies the chain of a journal, or of an export of one, from the first event to the last.")
    .option("--journal <address>", "instead of ELEVATION_JOURNAL, as in file:journal.jsonl")
    .option("--json", "print it for programs")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", help.AUDIT_VERIFY)
    .action(async (options: AuditVerifyOptions) => {
      const { auditVerify } = require("./commands/audit-verify") as typeof import("./commands/audit-verify");
      done(await auditVerify(options, terminal));
    });
}

function version(): string {
  const { version } = JSON.parse(readFileSync(join(__dirname, "..", "package.json"), "utf8")) as { version: string };
  return version;
}
