// SPDX-License-Identifier: Apache-2.0

/** Whatever `JSON.stringify` escapes in a text, and a little more: control characters, halves of surrogate pairs. */
const ESCAPED = /["\\\p{Cc}\p{Cs}]/u;

/**
 * RFC 8785 canonical JSON of a JSON value. Throws TypeError on what JSON cannot say.
 *
 * NB. A journal of a million events is a million of these. RFC 8785 takes the texts of strings and numbers from ECMAScript,
 * so what is left is the order of keys; test/property/canonical-json.test.ts compares it with a library.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === "string") return ESCAPED.test(value) ? JSON.stringify(value) : `"${value}"`;
  if (typeof value === "object" && value !== null) return composite(value);
  if (value === null || typeof value === "boolean" || Number.isFinite(value)) return JSON.stringify(value);
  throw new TypeError(`the value has no JSON form: ${typeof value === "number" ? value : typeof value}`);
}

function composite(value: object): string {
  // As `JSON.stringify` does for dates and the like.
  if ("toJSON" in value && typeof value.toJSON === "function") return canonicalJson(value.toJSON());
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonicalJson(item ?? null)}`;
    return `[${text}]`;
  }
  // By UTF-16 code units, which is how `sort` compares texts.
  for (const key of Object.keys(value).sort()) {
    const part: unknown = (value as Record<string, unknown>)[key];
    if (part !== undefined) text += `${text === "" ? "" : ","}${canonicalJson(key)}:${canonicalJson(part)}`;
  }
  return `{${text}}`;
}
