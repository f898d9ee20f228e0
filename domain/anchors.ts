// SPDX-License-Identifier: Apache-2.0

/**
 * What the environment of the job demands and this version does not enforce, one sentence each; empty where all is well.
 * NB. Whoever sets `ELEVATION_ADMINS` believes that nothing is granted without a signed trust bundle. An empty value counts
 * as set: a secret that a job failed to get must not turn verification off.
 */
export function refuseUnenforcedAnchors(env: Readonly<Record<string, string | undefined>>): string[] {
  if (env["ELEVATION_ADMINS"] === undefined) return [];
  return [
    "`ELEVATION_ADMINS` is set, but this version does not verify trust bundles; unset it, or use a version that does",
  ];
}
