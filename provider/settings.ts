// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  DEFAULT_DOCUMENTS,
  didYouMean,
  isDocumentError,
  type Judge,
  quote,
  quoteList,
  readJudge,
  refuseUnenforcedAnchors,
} from "@elevation/domain";
import {
  isJournalError,
  Journal,
  missingWitness,
  openStore,
  readJournalAnchors,
  readWitness,
} from "@elevation/journal";
import { GrantError } from "./errors";

/** Stack config as program and provider see it: full key (`elevation:policy`) to value. */
export type StackConfig = (key: string) => string | undefined;

type Env = Record<string, string | undefined>;

const PREFIX = "elevation:";

/** All that stack config may say below `elevation:`. Nothing would enforce any other key, so each is refused. */
const CONFIG_NAMES = ["policy", "directory", "environments"];

/** What anchors trust: it counts only from the job's environment (design §7), for a stack file is easily changed. */
const ANCHORS = [
  "ELEVATION_ADMINS",
  "ELEVATION_JOURNAL",
  "ELEVATION_JOURNAL_ID",
  "ELEVATION_WITNESS",
  "ELEVATION_DEPLOY",
];

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

/**
 * Problems with anchors, as whole sentences: one set in stack config, one in the environment that this version doesn't
 * enforce or can't read. For whoever can ask config for single keys only (the provider): it looks for the spellings that
 * somebody would try. The program sees all keys and asks {@link settingProblems}.
 */
export function anchorProblems(config: StackConfig, env: Env): readonly string[] {
  const inConfig = ANCHORS.flatMap((variable) =>
    spellingsOf(variable)
      .filter((key) => config(key) !== undefined)
      .map((key) => anchorInConfig(key, variable)),
  );
  return [...inConfig, ...environmentProblems(env)];
}

/**
 * Problems with all of stack config and the environment, as whole sentences: every key below `elevation:` that is not
 * `policy`, `directory` or `environments`, because what is not enforced is refused, and what {@link anchorProblems} finds.
 */
export function settingProblems(all: Readonly<Record<string, string>>, env: Env): readonly string[] {
  const ours = Object.keys(all).filter((key) => key.startsWith(PREFIX));
  return [...ours.flatMap(configKeyProblem), ...environmentProblems(env)];
}

function configKeyProblem(key: string): string[] {
  const name = key.slice(PREFIX.length);
  if (CONFIG_NAMES.includes(name)) return [];
  const anchor = anchorOf(name);
  if (anchor !== null) return [anchorInConfig(key, anchor)];
  const known = quoteList(
    CONFIG_NAMES.map((known) => PREFIX + known),
    "and",
  );
  return [`stack config holds ${quote(key)}, and only ${known} are read; ${didYouMean(name, CONFIG_NAMES)}`];
}

/** The variable that a key of stack config would stand for, however it is written; null for none. */
function anchorOf(name: string): string | null {
  const plain = plainOf(name);
  if (plain.startsWith("connection")) return "ELEVATION_CONNECTION_<NAME>";
  return ANCHORS.find((variable) => plainOf(variable) === plain) ?? null;
}

function plainOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .replace(/^elevation/, "");
}

/** `ELEVATION_JOURNAL_ID` as `elevation:` with journal-id, journal_id, journalId, journalid and the variable itself. */
function spellingsOf(variable: string): readonly string[] {
  const words = variable.toLowerCase().split("_").slice(1);
  const camel = words.map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)));
  const names = [words.join("-"), words.join("_"), camel.join(""), words.join(""), variable];
  return [...new Set(names)].map((name) => PREFIX + name);
}

function anchorInConfig(key: string, variable: string): string {
  return `stack config holds ${quote(key)}, which counts only from the job's environment, as \`${variable}\`; remove it from the stack's config`;
}

function environmentProblems(env: Env): string[] {
  const witness = readWitness(env);
  return [...refuseUnenforcedAnchors(env), ...("problem" in witness ? [witness.problem] : [])];
}

/**
 * Opens the journal that the environment names and verifies all of it. Throws GrantError `journal-untrusted` if it is
 * not configured, absent, another one, does not verify, or lacks the event that `ELEVATION_WITNESS` says a state has
 * seen; `input-invalid` if that variable can't be read.
 */
export async function openJournal(env: Env, onRepair: (report: string) => void): Promise<Journal> {
  const { address, id } = readJournalAnchors(env);
  if (address === null) {
    throw new GrantError(
      "journal-untrusted",
      "`ELEVATION_JOURNAL` is not set; set it to the journal's address, as in file:/var/lib/elevation/journal.jsonl",
    );
  }
  const read = readWitness(env);
  if ("problem" in read) throw new GrantError("input-invalid", read.problem);
  try {
    const journal = await Journal.open(openStore(address, { onRepair }), id ?? undefined);
    const missing = missingWitness(await journal.view(), read.witness);
    if (missing === null) return journal;
    await journal.close();
    throw new GrantError("journal-untrusted", missing);
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
