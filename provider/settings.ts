// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DEFAULT_DOCUMENTS, isDocumentError, type Judge, readJudge, refuseUnenforcedAnchors } from "@elevation/domain";
import { isJournalError, Journal, openStore, readJournalAnchors } from "@elevation/journal";
import { GrantError } from "./errors";

/** Stack config as program and provider see it: full key (`elevation:policy`) to value. */
export type StackConfig = (key: string) => string | undefined;

type Env = Record<string, string | undefined>;

/** Keys that would be anchors: they count only from the job's environment (design §7), for a stack file is easily changed. */
const ANCHOR_KEYS = ["elevation:admins", "elevation:journal", "elevation:journalId", "elevation:journal-id"];

/** The folder of the nearest `Pulumi.yaml` at or above `from`. Throws GrantError `policy-invalid` where there is none. */
export function findProjectRoot(from: string): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
    if (dirname(folder) === folder) {
      throw new GrantError("policy-invalid", `no Pulumi.yaml at or above \`${from}\`; run inside the project`);
    }
  }
}

/** Reads and checks policy and directory. Throws GrantError `policy-invalid` with every problem at file, line and column. */
export function loadJudge(root: string, config: StackConfig): Judge {
  const policy = resolve(root, config("elevation:policy") ?? DEFAULT_DOCUMENTS.policy);
  const directory = resolve(root, config("elevation:directory") ?? DEFAULT_DOCUMENTS.directory);
  try {
    return readJudge({ file: policy, text: readText(policy) }, { file: directory, text: readText(directory) });
  } catch (error) {
    if (isDocumentError(error)) throw new GrantError("policy-invalid", error.message, { cause: error });
    throw error;
  }
}

/** The environments that a stack may use, from `elevation:environments` (a JSON list, as `pulumi config set --path` writes). */
export function servedEnvironments(config: StackConfig): readonly string[] {
  const text = config("elevation:environments");
  if (text === undefined) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed) && parsed.every((name) => typeof name === "string")) return parsed;
  } catch {
    // Said below: one message for all that is no list.
  }
  throw new GrantError(
    "policy-invalid",
    `stack config \`elevation:environments\` is \`${text}\`, it takes a list of environment names; write it as a YAML list`,
  );
}

/** Problems with anchors: one set in stack config, or one in the environment that this version doesn't enforce. */
export function anchorProblems(config: StackConfig, env: Env): readonly string[] {
  const inConfig = ANCHOR_KEYS.filter((key) => config(key) !== undefined).map(
    (key) =>
      `stack config holds \`${key}\`, which counts only from the job's environment; remove it from the stack's config`,
  );
  return [...inConfig, ...refuseUnenforcedAnchors(env)];
}

/**
 * Opens the journal that the environment names and verifies all of it. Throws GrantError `journal-untrusted` if it is
 * not configured, absent, another one, or does not verify.
 */
export async function openJournal(env: Env, onRepair: (report: string) => void): Promise<Journal> {
  const { address, id } = readJournalAnchors(env);
  if (address === null) {
    throw new GrantError(
      "journal-untrusted",
      "`ELEVATION_JOURNAL` is not set; set it to the journal's address, as in file:/var/lib/elevation/journal.jsonl",
    );
  }
  try {
    return await Journal.open(openStore(address, { onRepair }), id ?? undefined);
  } catch (error) {
    if (isJournalError(error)) throw new GrantError("journal-untrusted", error.message, { cause: error });
    throw error;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new GrantError(
      "policy-invalid",
      `\`${file}\` can't be read: ${(error as NodeJS.ErrnoException).code}; set \`elevation:policy\` and \`elevation:directory\``,
      { cause: error },
    );
  }
}
