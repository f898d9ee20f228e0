// SPDX-License-Identifier: Apache-2.0
import type { JournalView } from "./journal-view";
import type { Head } from "./store";

/** What `ELEVATION_WITNESS` says: the witness (null: the state has seen nothing, or nobody says), or why it says nothing. */
export type ReadWitness = { readonly witness: Head | null } | { readonly problem: string };

const HASH = /^[0-9a-f]{64}$/;

/**
 * Reads `ELEVATION_WITNESS`: the last journal event that the job's exported state has seen, as JSON
 * `{"seq": 12, "hash": "…"}`, or `null` for a state that has seen none. Whoever has no state at hand (the program, the
 * policy pack, a first create) finds by it that a journal which verifies was cut. Unset, nothing is checked by it. An
 * empty value is a problem: a job that failed to read its state must not turn the check off.
 */
export function readWitness(env: Readonly<Record<string, string | undefined>>): ReadWitness {
  const text = env["ELEVATION_WITNESS"];
  if (text === undefined) return { witness: null };
  const value = parse(text);
  if (value === null) return { witness: null };
  if (isHead(value)) return { witness: { seq: value.seq, hash: value.hash } };
  return {
    problem:
      '`ELEVATION_WITNESS` holds no witness; set it to the highest `witness` of the exported state, as in {"seq":12,"hash":"<64 hex digits>"}, or to null if no grant there has one',
  };
}

/** Why a journal can't be trusted that lacks an event which a state has seen; null where it has it, or nothing was seen. */
export function missingWitness(view: JournalView, witness: Head | null): string | null {
  if (witness === null || view.has(witness)) return null;
  return `the journal lacks event ${witness.seq}, which the stack's exported state has seen: it was cut, replaced or restored from a backup; restore the whole journal`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isHead(value: unknown): value is Head {
  if (typeof value !== "object" || value === null) return false;
  const { seq, hash, ...rest } = value as Record<string, unknown>;
  return (
    Number.isSafeInteger(seq) &&
    (seq as number) >= 1 &&
    typeof hash === "string" &&
    HASH.test(hash) &&
    Object.keys(rest).length === 0
  );
}
