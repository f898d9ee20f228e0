// SPDX-License-Identifier: Apache-2.0

/** A control of a framework, in the fields that CrossGuard has for one. */
export interface Control {
  readonly name: string;
  readonly version: string;
  readonly reference: string;
  /** The control's title. */
  readonly specification: string;
  /** How it is written as a policy's tag. */
  readonly tag: string;
}

const AC_2: Control = {
  name: "NIST SP 800-53",
  version: "Rev. 5",
  reference: "AC-2",
  specification: "Account Management",
  tag: "nist-800-53:ac-2",
};
const AC_5: Control = {
  name: "NIST SP 800-53",
  version: "Rev. 5",
  reference: "AC-5",
  specification: "Separation of Duties",
  tag: "nist-800-53:ac-5",
};
const AC_6: Control = {
  name: "NIST SP 800-53",
  version: "Rev. 5",
  reference: "AC-6",
  specification: "Least Privilege",
  tag: "nist-800-53:ac-6",
};
const CC6_3: Control = {
  name: "SOC 2",
  version: "2017 Trust Services Criteria",
  reference: "CC6.3",
  specification: "Access is authorized, modified and removed by role and least privilege",
  tag: "soc-2:cc6.3",
};
const A_5_3: Control = {
  name: "ISO/IEC 27001",
  version: "2022",
  reference: "A.5.3",
  specification: "Segregation of duties",
  tag: "iso-27001:a.5.3",
};
const A_8_2: Control = {
  name: "ISO/IEC 27001",
  version: "2022",
  reference: "A.8.2",
  specification: "Privileged access rights",
  tag: "iso-27001:a.8.2",
};

/** Every control that a rule may serve, in the order of the documentation. */
export const CONTROLS: readonly Control[] = [AC_2, AC_5, AC_6, CC6_3, A_5_3, A_8_2];

/**
 * What a rule is good for, and which controls ask for that: the one place that maps rules to frameworks.
 * A rule that only keeps the work going serves no purpose of these.
 */
const PURPOSES = {
  /** Access rests on a valid authorization of this person (AC-2 c, d, i), and nobody gets round it. */
  authorization: [AC_2, CC6_3, A_8_2],
  /** No one person holds what is to be in two hands, or decides alone what takes two (AC-5 a, b). */
  "separation-of-duties": [AC_5, CC6_3, A_5_3],
  /** No more access than the task needs, nor for longer (AC-6). */
  "least-privilege": [AC_6, CC6_3, A_8_2],
  /** Access that ended is removed, and can be removed at any time (AC-2 f, h). */
  removal: [AC_2, CC6_3, A_8_2],
  /** Afterwards it can be told what was opened and what for (AC-2 g, i; a record of privileges given). */
  accountability: [AC_2, A_8_2],
} as const satisfies Record<string, readonly Control[]>;

export type Purpose = keyof typeof PURPOSES;

/** The controls that these purposes serve, each once, the first purpose's first. */
export function controlsOf(purposes: readonly Purpose[]): readonly Control[] {
  return [...new Set(purposes.flatMap((purpose): readonly Control[] => PURPOSES[purpose]))];
}
