// SPDX-License-Identifier: Apache-2.0
import { type Digest, sha256Hex } from "./digest";
import type { Directory } from "./directory";
import { DocumentError, type Problem, type Source } from "./document";
import type { Instant } from "./instant";
import { textFault } from "./parse-text";
import { readPublicKey } from "./ssh/public-key";
import { WireFault } from "./ssh/wire";
import { didYouMean, quote } from "./text";

/** One line of an `allowed_signers` file: who signs with a key, for what, and when. */
export interface Signer {
  /** A person of the directory, or `importer:<name>`. */
  readonly principal: string;
  readonly namespaces: readonly string[];
  /** The key is good for what was signed from then on, and before then; null: always. */
  readonly from: Instant | null;
  readonly to: Instant | null;
}

/** An `allowed_signers` file that was read and found good. */
export interface AllowedSigners {
  /** Of the file's bytes (design §4.3). */
  readonly digest: Digest;
  /** By the fingerprint of the key. */
  readonly signers: ReadonlyMap<string, Signer>;
}

/** A line of a text, from a column on. */
interface Word {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** Thousands of keys. */
const MAX_BYTES = 4_194_304;
const IMPORTER = /^importer:[a-z0-9-]{1,63}$/;
const IMPORT_NAMESPACE = "elevation-import";
const OPTION = /^([a-z-]+)(?:="([^"]*)")?$/;
const VALIDITY = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?Z$/;

/**
 * Reads an OpenSSH `allowed_signers` file, stricter than OpenSSH does (design §4.4): each line names exactly one principal, who is in
 * the directory, the namespaces it signs for, and a key that stands on no other line. Throws a {@link DocumentError} with all problems.
 */
export function readAllowedSigners(source: Source, directory: Directory): AllowedSigners {
  const problems: Problem[] = [];
  const signers = new Map<string, Signer>();
  const lineOf = new Map<string, number>();
  eachLine(source, MAX_BYTES, problems, (line, refuse) => {
    const read = readLine(line, directory, refuse);
    if (read === null) return;
    const { key, fingerprint, ...signer } = read;
    const first = lineOf.get(fingerprint);
    if (first !== undefined)
      return refuse(
        key,
        `the key ${fingerprint} stands on line ${first} already; give each principal keys of its own, once`,
      );
    lineOf.set(fingerprint, line.line);
    signers.set(fingerprint, signer);
  });
  if (problems.length > 0) throw new DocumentError(problems);
  return { digest: `sha256:${sha256Hex(source.text)}`, signers };
}

/**
 * Reads the keys that count for nothing any more, whatever they signed and when: a line each, a fingerprint (`SHA256:…`) or a public
 * key. Throws a {@link DocumentError} with all problems.
 */
export function readRevokedKeys(source: Source): ReadonlySet<string> {
  const problems: Problem[] = [];
  const revoked = new Set<string>();
  eachLine(source, MAX_BYTES, problems, (line, refuse) => {
    const [first, second] = wordsOf(line);
    if (first !== undefined && isFingerprint(first.text)) revoked.add(first.text);
    else {
      const fingerprint = fingerprintOf(first ?? line, second, refuse);
      if (fingerprint !== null) revoked.add(fingerprint);
    }
  });
  if (problems.length > 0) throw new DocumentError(problems);
  return revoked;
}

/** Whether this is a fingerprint as `ssh-keygen -l` prints it. */
export function isFingerprint(text: string): boolean {
  // 256 bits in base64: the last character has two that are always zero.
  return /^SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$/.test(text);
}

type Refuse = (at: Word, message: string) => void;

/** Tells each line that isn't empty and no comment; what is refused is added to the problems. */
function eachLine(
  { file, text }: Source,
  maxBytes: number,
  problems: Problem[],
  read: (line: Word, refuse: Refuse) => void,
): void {
  const fault = text === "" ? null : textFault(text, maxBytes);
  if (fault !== null && text.trim() !== "") {
    problems.push({ file, line: 1, column: 1, path: "", message: fault.message });
    return;
  }
  const refuse: Refuse = ({ line, column }, message) => problems.push({ file, line, column, path: "", message });
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    if (/^[ \t]*(#|$)/.test(whole)) continue;
    read({ text: whole, line: index + 1, column: 1 }, refuse);
  }
}

type ReadLine = Signer & { readonly key: Word; readonly fingerprint: string };

function readLine(line: Word, directory: Directory, refuse: Refuse): ReadLine | null {
  const words = wordsOf(line);
  const [principal, second] = words;
  if (principal === undefined) return null;
  const refused = { count: 0 };
  const tell: Refuse = (at, message) => {
    refused.count++;
    refuse(at, message);
  };
  const hasOptions = second !== undefined && /^[a-z-]+(=|,|$)/.test(second.text) && !isKeyType(second.text);
  const options = optionsOf(hasOptions ? second : null, tell);
  const [type, blob] = words.slice(hasOptions ? 2 : 1);
  const namespaces = namespacesOf(options, principal, tell);
  const fault = principalFault(principal.text, namespaces, directory);
  if (fault !== null) tell(principal, `${quote(principal.text)} ${fault}`);
  const from = instantOf(options.get("valid-after"), tell);
  const to = instantOf(options.get("valid-before"), tell);
  const before = options.get("valid-before");
  if (from !== null && to !== null && before !== undefined && from >= to)
    tell(before.at, "the key is never good: `valid-before` is not after `valid-after`; mend one of them");
  const end = { ...line, column: line.text.length + 1 };
  const fingerprint = fingerprintOf(type ?? end, blob, tell);
  if (refused.count > 0 || fingerprint === null || type === undefined) return null;
  return { principal: principal.text, namespaces, from, to, key: type, fingerprint };
}

interface Option {
  readonly value: string | null;
  readonly at: Word;
}

const OPTIONS = ["namespaces", "valid-after", "valid-before"];

function optionsOf(word: Word | null, refuse: Refuse): ReadonlyMap<string, Option> {
  const options = new Map<string, Option>();
  if (word === null) return options;
  // By commas that are not within quotes.
  for (const match of word.text.matchAll(/(?:[^,"]|"[^"]*"?)+/g)) {
    const at = { ...word, text: match[0], column: word.column + match.index };
    const [, name = "", value] = OPTION.exec(at.text) ?? [];
    if (name === "cert-authority")
      refuse(at, "`cert-authority` trusts keys that nobody has seen; name each key on a line of its own");
    else if (!OPTIONS.includes(name)) {
      refuse(at, `${quote(at.text)} is no option of this file; ${didYouMean(name || at.text, OPTIONS)}`);
    } else if (value === undefined) refuse(at, `\`${name}\` has no value; write \`${name}="…"\``);
    else if (options.has(name)) refuse(at, `\`${name}\` stands twice on the line; write it once`);
    else options.set(name, { value, at });
  }
  return options;
}

function namespacesOf(options: ReadonlyMap<string, Option>, principal: Word, refuse: Refuse): readonly string[] {
  const option = options.get("namespaces");
  if (option === undefined) {
    refuse(
      principal,
      'the line has no `namespaces`, so its key would be good for everything; write `namespaces="elevation-order"`, or what it is for',
    );
    return [];
  }
  const names = (option.value ?? "").split(",");
  const bad = names.find((name) => !/^[A-Za-z0-9@._-]+$/.test(name));
  if (bad !== undefined)
    refuse(option.at, `the namespace ${quote(bad)} is empty or a pattern; write each namespace in full`);
  return names;
}

function principalFault(text: string, namespaces: readonly string[], directory: Directory): string | null {
  if (IMPORTER.test(text)) {
    const isOnlyThat = namespaces.every((name) => name === IMPORT_NAMESPACE);
    return isOnlyThat ? null : `may sign for namespace \`${IMPORT_NAMESPACE}\` only; leave the others out`;
  }
  if (namespaces.includes(IMPORT_NAMESPACE))
    return `has namespace \`${IMPORT_NAMESPACE}\`, which is for importers only; write \`importer:<name>\`, or leave it out`;
  if (/[,"]/.test(text)) return "is not one principal; write one, without quotes, a line for each";
  if (/[*?!]/.test(text)) return "is a pattern; write one email of the directory";
  if (Object.hasOwn(directory.people, text)) return null;
  return `is not in the directory; ${didYouMean(text, Object.keys(directory.people))}`;
}

function instantOf(option: Option | undefined, refuse: Refuse): Instant | null {
  if (option === undefined) return null;
  const [, year, month, day, hour = "00", minute = "00", second = "00"] = VALIDITY.exec(option.value ?? "") ?? [];
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const instant = year === undefined ? Number.NaN : Date.parse(text);
  // A day that a month lacks would be taken for one of the next.
  if (!Number.isNaN(instant) && new Date(instant).toISOString() === text) return instant;
  refuse(option.at, `${quote(option.at.text)} names no instant in UTC; write it like 20261231Z or 20261231235959Z`);
  return null;
}

function fingerprintOf(type: Word, blob: Word | undefined, refuse: Refuse): string | null {
  if (blob === undefined) {
    refuse(type, "there is no key; write its type and the key itself, as a file that ends in `.pub` has them");
    return null;
  }
  const bytes = Buffer.from(blob.text, "base64");
  if (bytes.toString("base64") !== blob.text) {
    refuse(blob, "the key is not in base64; take it from the file that ends in `.pub`");
    return null;
  }
  try {
    const key = readPublicKey(bytes);
    if (key.type === type.text) return key.fingerprint;
    refuse(
      type,
      `the key is of type ${quote(key.type)}, the line says ${quote(type.text)}; take both from the file that ends in \`.pub\``,
    );
  } catch (error) {
    if (!(error instanceof WireFault)) throw error;
    refuse(blob, `the key is not usable: ${error.message}`);
  }
  return null;
}

/** What a key type begins with: no option does. */
function isKeyType(text: string): boolean {
  return /^(ssh|ecdsa|sk-ssh|sk-ecdsa)-/.test(text);
}

/** The words of a line, divided by blanks that are not within quotes. */
function wordsOf({ text, line, column }: Word): readonly Word[] {
  const matches = [...text.matchAll(/(?:[^ \t"]|"[^"]*"?)+/g)];
  return matches.map((match) => ({ text: match[0], line, column: column + match.index }));
}
