// SPDX-License-Identifier: Apache-2.0

/** A version as `pulumi version` and `go version` print it: three numbers and whether it is a pre-release. */
interface Version {
  readonly numbers: readonly [number, number, number];
  readonly isPrerelease: boolean;
}

const versionPattern = /(\d+)\.(\d+)(?:\.(\d+))?((?:-|rc|beta)[\w.+-]*)?/;

function parse(text: string): Version | undefined {
  const match = versionPattern.exec(text);
  if (match === null) return undefined;
  const [, major, minor, patch, suffix] = match;
  return { numbers: [Number(major), Number(minor), Number(patch ?? 0)], isPrerelease: suffix !== undefined };
}

/** The version in what a command printed, without anything around it; undefined if there is none. */
export function versionIn(text: string): string | undefined {
  return versionPattern.exec(text)?.[0];
}

/** Whether `version` is `oldest` or later. A pre-release comes before its release. */
export function isAtLeast(version: string, oldest: string): boolean {
  const [a, b] = [parse(version), parse(oldest)];
  if (a === undefined || b === undefined) return false;
  for (const place of [0, 1, 2] as const) {
    const difference = a.numbers[place] - b.numbers[place];
    if (difference !== 0) return difference > 0;
  }
  return !a.isPrerelease || b.isPrerelease;
}

/** The first number of a version; NaN if it has none. */
export function majorOf(version: string): number {
  return parse(version)?.numbers[0] ?? Number.NaN;
}
