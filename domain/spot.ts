// SPDX-License-Identifier: Apache-2.0
import type { Path } from "./document";

/**
 * A value of a document that may be bad in any way, and its path: what looks for more than form must find what there is to
 * find beside a fault of form, so that all problems of a file are shown at once.
 */
export interface Spot {
  readonly value: unknown;
  readonly path: Path;
}

/** The field of a mapping; a spot with no value where there is none. */
export function field(spot: Spot, key: string): Spot {
  const value = isMapping(spot.value) && Object.hasOwn(spot.value, key) ? spot.value[key] : undefined;
  return { value, path: [...spot.path, key] };
}

/** The fields of a mapping, as written; none of anything else. */
export function fields(spot: Spot): { key: string; spot: Spot }[] {
  if (!isMapping(spot.value)) return [];
  return Object.entries(spot.value).map(([key, value]) => ({ key, spot: { value, path: [...spot.path, key] } }));
}

/** The items of a list; none of anything else. */
export function items(spot: Spot): Spot[] {
  if (!Array.isArray(spot.value)) return [];
  return spot.value.map((value: unknown, index) => ({ value, path: [...spot.path, index] }));
}

/** The items of a list that are texts. */
export function texts(spot: Spot): { text: string; spot: Spot }[] {
  return items(spot).flatMap((item) => (typeof item.value === "string" ? [{ text: item.value, spot: item }] : []));
}

export function keys(spot: Spot): string[] {
  return fields(spot).map(({ key }) => key);
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
