// SPDX-License-Identifier: Apache-2.0
import type { World } from "./world";

/** The case as this version enforces it: a policy that wants no proof and no imported verdict, and nobody's proof or verdict. */
export function enforced(given: World): World {
  const policy = JSON.parse(JSON.stringify({ ...given.policy, requests: { proof: "none" } }), (key, value: unknown) =>
    key === "imported" ? undefined : value,
  );
  return { ...given, policy, proof: null, approvals: null };
}
