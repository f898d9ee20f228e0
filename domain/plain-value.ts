// SPDX-License-Identifier: Apache-2.0
import type { Path } from "./document";
import { placeOf } from "./form-findings";
import { type Finding, isTooDeep, TOO_DEEP } from "./parsed";
import { isMapping } from "./spot";
import { quote } from "./text";

const LONE_SURROGATE = /\p{Cs}/u;

/** What in a value could not stand in a JSON document; fields that are undefined are absent there, which is fine. */
export function jsonFindings(value: unknown, path: Path = [], around: readonly unknown[] = []): Finding[] {
  const refuse = (fault: string): Finding[] => [{ path, at: "value", message: `${placeOf(path)} ${fault}` }];
  if (isTooDeep(path)) return refuse(`is ${TOO_DEEP}`);
  if (around.includes(value) && typeof value === "object" && value !== null)
    return refuse("holds itself; write plain JSON");
  const within = [...around, value];
  if (Array.isArray(value))
    return value.flatMap((item: unknown, index) => jsonFindings(item, [...path, index], within));
  if (isMapping(value)) {
    if (!isPlain(value)) return refuse("is an object of a class; write plain JSON");
    return Object.entries(value).flatMap(([key, inner]) => [
      ...badKey(key, [...path, key]),
      ...jsonFindings(inner, [...path, key], within),
    ]);
  }
  const fault = scalarFault(value);
  return fault === null ? [] : refuse(fault);
}

function scalarFault(value: unknown): string | null {
  if (value === undefined || value === null || typeof value === "boolean") return null;
  if (typeof value === "number") return Number.isFinite(value) ? null : "is no finite number; write one";
  if (typeof value !== "string") return `is a ${typeof value}; write plain JSON`;
  const isText = !LONE_SURROGATE.test(value) && !value.includes("\0");
  return isText ? null : "holds a character that is no text; take it out";
}

// NB. A prototype without one of its own is Object's, of this realm or another.
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

// NB. The schema would pass over `__proto__` in a mapping of free names, and what is passed over is not refused.
function badKey(key: string, path: Path): Finding[] {
  if (key !== "__proto__" && !LONE_SURROGATE.test(key)) return [];
  return [{ path, at: "key", message: `the key ${quote(key)} is no name; take it out` }];
}
