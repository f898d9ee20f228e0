// SPDX-License-Identifier: Apache-2.0
import type { Path, Position } from "./document";

/** Deeper nesting than any document needs; a limit keeps every walk below far from the end of the stack. */
export const MAX_DEPTH = 64;

export const TOO_DEEP = `nested more than ${MAX_DEPTH} deep; no document needs that`;

export function isTooDeep(path: Path): boolean {
  return path.length > MAX_DEPTH;
}

/** A problem before it has a place in a file: it is shown at the key that leads to `path`, at its value, or at what it is missing in. */
export interface Finding {
  readonly path: Path;
  readonly at: "key" | "value" | "parent";
  readonly message: string;
}

/** A problem of the text itself, at an offset of it. */
export interface Fault {
  readonly offset: number;
  readonly path: Path;
  readonly message: string;
  /** Whether there is no value at `path` because of it, so that nothing else should be said about that one. */
  readonly isHiding?: boolean;
}

/** Text that was parsed: a plain JSON value, and where its parts stand. */
export interface Parsed {
  /** Undefined where the text has no value that could be judged further. */
  readonly value: unknown;
  readonly faults: readonly Fault[];
  readonly places: Places;
}

/** Where keys and values of a document stand, as offsets of its text. */
export class Places {
  readonly #offsets = new Map<string, { key: number | null; value: number }>();

  set(path: Path, key: number | null, value: number): void {
    this.#offsets.set(JSON.stringify(path), { key, value });
  }

  /** The offset of the key or the value at `path`, or of the nearest one around it. */
  offset(path: Path, at: Finding["at"]): number {
    if (at === "parent") return this.offset(path.slice(0, -1), "key");
    for (let length = path.length; length >= 0; length--) {
      const found = this.#offsets.get(JSON.stringify(path.slice(0, length)));
      if (found !== undefined) return at === "key" ? (found.key ?? found.value) : found.value;
    }
    return 0;
  }
}

/** Turns offsets of a text into lines and columns. */
export class Lines {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  position(offset: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}

/** NB. Defined, not assigned: a key `__proto__` becomes a field like any other, for the schema to refuse. */
export function toObject(fields: ReadonlyMap<string, unknown>): object {
  const object = {};
  for (const [key, value] of fields) {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}
