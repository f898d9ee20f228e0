// SPDX-License-Identifier: Apache-2.0
import { JournalError } from "../journal-error";
import type { LinkFault } from "./link";
import { STATE } from "./schema";
import type { Difference, DifferenceKind } from "./standing";
import { neutral } from "./text";

const NO_DATABASE = "3D000";
const NO_TABLE = ["42P01", "3F000"];
const NO_RIGHT = "42501";
const LOCK_TIMEOUT = "55P03";
const READ_ONLY = "25006";

const DOCUMENTED = "give the role the rights that docs/journal.md lists";

/** What a failed reading is, as a JournalError that names the fix. */
export function readFault(fault: LinkFault, address: string): JournalError {
  return commonFault(fault, address) ?? notDone(fault, "unreadable", `the journal \`${address}\` cannot be read`);
}

/** What a failed append is, where nothing was appended for sure. */
export function writeFault(fault: LinkFault, address: string): JournalError {
  const common = commonFault(fault, address);
  if (common !== null) return common;
  if (fault.state === LOCK_TIMEOUT) {
    return new JournalError(
      "locked",
      `another writer has kept the journal \`${address}\` from being appended to; see who in pg_stat_activity, and run again`,
      { cause: fault },
    );
  }
  return notDone(fault, "write-failed", `the journal \`${address}\` cannot be written`);
}

/** Nobody could say whether the events were appended. They carry their own hashes, so that can be seen later. */
export function unknownOutcome(fault: LinkFault, address: string, head: { seq: number; hash: string }): JournalError {
  return new JournalError(
    "write-failed",
    `the connection to the journal \`${address}\` was lost during an append, and whether it happened is not known (${fault.message}): it did if event ${head.seq} has the hash ${head.hash}; see whether the server runs, and run again`,
    { cause: fault },
  );
}

const MEND: Readonly<Record<DifferenceKind, string>> = {
  absent: "see who removed it, and run this again",
  owner:
    "unless a journal is in use there, run this as the role that owns it, if that role shall own the journal, or else drop the schema `elevation` and run this again",
  right: "revoke that, or name the role with `--writer` or `--reader`, and run this again",
  form: "unless a journal is in use there, drop the schema `elevation` and run this again, or all that `elevate journal init --sql` prints",
};

/** `init` found or made something else than a journal. */
export function different({ kind, problem }: Difference, address: string): JournalError {
  return new JournalError(
    "write-failed",
    `nothing was opened at \`${address}\`, because ${neutral(problem)}; ${MEND[kind]}`,
  );
}

/** A writer found that somebody changed what guards the journal. */
export function unguarded({ kind, problem }: Difference, address: string): JournalError {
  if (kind === "absent") return absent(address);
  return new JournalError(
    "untrusted",
    `the journal \`${address}\` cannot be trusted: ${neutral(problem)}; its owner must undo that, and see with \`elevate audit verify\` what stands in it`,
  );
}

/** Somebody else appended since. */
export function isHeadMoved({ state, phase }: LinkFault): boolean {
  return phase === "refused" && (state === STATE.headMoved || state === "23505");
}

function commonFault(fault: LinkFault, address: string): JournalError | null {
  if (NO_TABLE.includes(fault.state)) return absent(address, fault);
  if (fault.state === NO_DATABASE) {
    return new JournalError(
      "absent",
      `there is no journal at \`${address}\`, not even the database; correct \`ELEVATION_JOURNAL\`, or make the database and run \`elevate journal init\``,
      { cause: fault },
    );
  }
  if (fault.phase !== "opening") return null;
  return new JournalError(
    "unreadable",
    `the journal \`${address}\` cannot be reached: ${fault.message}; see whether the server runs, and whether address, user and password in the job's environment are right`,
    { cause: fault },
  );
}

/** There is no table, or nothing in it. */
export function absent(address: string, cause?: unknown): JournalError {
  return new JournalError(
    "absent",
    `there is no journal at \`${address}\`; correct \`ELEVATION_JOURNAL\`, or make one with \`elevate journal init\``,
    { cause },
  );
}

function notDone(fault: LinkFault, code: "unreadable" | "write-failed", what: string): JournalError {
  const fix =
    fault.state === NO_RIGHT
      ? DOCUMENTED
      : fault.state === READ_ONLY
        ? "name the primary server, not a standby"
        : "see the server's log";
  return new JournalError(code, `${what}: ${fault.message}; ${fix}`, { cause: fault });
}
