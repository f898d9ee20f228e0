// SPDX-License-Identifier: Apache-2.0
import { refuseUnenforcedAnchors } from "@elevation/domain";
import {
  initJournal,
  isRoleName,
  type JournalRoles,
  openStore,
  readJournalAnchors,
  setupSql,
} from "@elevation/journal";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { journalFault } from "../faults";
import { neutral } from "../neutral";
import type { Terminal } from "../terminal";

export interface JournalInitOptions {
  readonly journal?: string;
  readonly json?: boolean;
  readonly writer?: readonly string[];
  readonly reader?: readonly string[];
  readonly sql?: boolean;
}

/**
 * `elevate journal init`: opens the journal that `ELEVATION_JOURNAL` names and prints its id. Not idempotent: where a
 * journal (or any file) is already, nothing is changed. With `--sql` it only prints what it would run at a PostgreSQL
 * server. Throws CommandError.
 */
export async function journalInit(options: JournalInitOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.journal !== undefined) {
    throw new CommandError(
      EXIT.badInput,
      "`--journal` is good only where nothing is changed; set `ELEVATION_JOURNAL`, as every job that writes the journal must",
    );
  }
  const roles = rolesOf(options);
  if (options.sql === true) {
    terminal.print(setupSql(roles).trimEnd());
    return EXIT.yes;
  }
  const refused = refuseUnenforcedAnchors(terminal.env);
  if (refused.length > 0) throw new CommandError(EXIT.badInput, refused.join("; "));
  const { address, id: trusted } = readJournalAnchors(terminal.env);
  if (address === null) {
    throw new CommandError(
      EXIT.badInput,
      "`ELEVATION_JOURNAL` is not set; set it to where the journal shall be, as in file:/var/lib/elevation/journal.jsonl",
    );
  }
  const isPostgres = /^postgres(ql)?:/i.test(address);
  if (!isPostgres && roles.writers.length + roles.readers.length > 0) {
    throw new CommandError(
      EXIT.badInput,
      "`--writer` and `--reader` are roles of a PostgreSQL server, and `ELEVATION_JOURNAL` names a file; leave them out",
    );
  }
  const { journal, id } = await open(address, roles, terminal);
  if (trusted !== null)
    terminal.say("`ELEVATION_JOURNAL_ID` is still set to the id of another journal; replace it by the new one");
  if (options.json === true) terminal.printJson({ journal, id });
  else terminal.print(render(journal, id, isPostgres));
  return EXIT.yes;
}

/** Names are refused before anything is made of them, and none is repeated that could be another thing. */
function rolesOf({ writer = [], reader = [] }: JournalInitOptions): JournalRoles {
  const bad = [...writer, ...reader].find((name) => !isRoleName(name));
  if (bad === undefined) return { writers: writer, readers: reader };
  throw new CommandError(
    EXIT.badInput,
    `\`${neutral(bad)}\` can't be given rights on the journal; name a role of letters, digits, \`_\`, \`$\` and \`-\`, none of PostgreSQL's own`,
  );
}

async function open(address: string, roles: JournalRoles, { env }: Terminal): Promise<{ journal: string; id: string }> {
  try {
    const store = openStore(address, { env, roles });
    const head = await initJournal(store, { kind: "person", key: "unverified" }, Date.now());
    await store.close();
    return { journal: store.address, id: head.hash };
  } catch (error) {
    throw journalFault(error);
  }
}

function render(journal: string, id: string, isPostgres: boolean): string {
  const whose = isPostgres ? "  # with the job's own user, password and TLS parameters" : "";
  return [
    `opened the journal ${neutral(journal)}, id ${id}`,
    "set in every job that uses it:",
    `  export ELEVATION_JOURNAL=${shellWord(neutral(journal))}${whose}`,
    `  export ELEVATION_JOURNAL_ID=${id}`,
  ].join("\n");
}

function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
