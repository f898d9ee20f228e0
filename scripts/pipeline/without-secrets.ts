// SPDX-License-Identifier: Apache-2.0

/** By this key and value the engine marks a secret in a state. */
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const SHOWN = "[secret]";

/**
 * An exported stack without its secrets, not even encrypted, and without the manager that could decrypt them: what a
 * preview may see, and can import without the jobs' passphrase. Grants hold none (design §7).
 */
export function withoutSecrets(text: string): string {
  const exported = JSON.parse(text) as { deployment?: Record<string, unknown> };
  if (exported.deployment !== undefined) delete exported.deployment["secrets_providers"];
  return JSON.stringify(replaced(exported), null, 2);
}

/** A stack's config without what only its secrets manager can read. */
export function configWithoutSecrets(config: Record<string, unknown>): Record<string, unknown> {
  const isSecret = (value: unknown): boolean => typeof value === "object" && value !== null && "secure" in value;
  return Object.fromEntries(Object.entries(config).filter(([, value]) => !isSecret(value)));
}

function replaced(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(replaced);
  if (typeof value !== "object" || value === null) return value;
  if ((value as Record<string, unknown>)[SIGNATURE_KEY] === SECRET) return SHOWN;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replaced(inner)]));
}
