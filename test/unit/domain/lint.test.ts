// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { LINT_CHECKS, type LintFinding, lint, readJudge, type TestedRules } from "@elevation/domain";
import { repository } from "@elevation/scripts/support/workspace";
import { at, edit } from "./documents";

const AT = "2026-11-24T10:00:00Z";

const POLICY = `apiVersion: elevation/v1
kind: Policy
environments:
  production: { maxDuration: PT8H }
  staging: { maxDuration: PT12H }
roles:
  orders-admin:
    severity: critical
    targets:
      production: { kind: postgres, connection: orders-production, role: orders_admin }
      staging: { kind: postgres, connection: orders-staging, role: orders_admin }
  ledger-auditor:
    severity: low
    targets:
      production: { kind: postgres, connection: ledger-production, role: auditor }
rules:
  - id: dba-short
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production, staging]
    duration: { default: PT30M, max: PT1H }
    reason: { minLength: 10 }
    cooldown: PT4H
  - id: dba-long
    effect: allow
    who: { jobFunctions: [dba], people: [frank@example.com] }
    roles: [orders-admin]
    environments: [production]
    duration: { min: PT1H, max: PT8H }
    reason: { minLength: 10 }
    ticket: { matches: "^(INC|CHG)-[0-9]+$" }
    approvals:
      all:
        - { from: { jobFunctions: [lead] }, count: 1 }
        - { from: { jobFunctions: [security] }, count: 1 }
  - id: audit
    effect: allow
    who: { jobFunctions: [auditor], onCall: [books] }
    roles: [ledger-auditor]
    environments: [production]
    duration: { max: PT4H }
    hours: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00" }
  - id: freeze
    effect: deny
    who: { jobFunctions: [dba, sre] }
    roles: "*"
    environments: [production]
    during: { from: 2026-12-20T00:00:00Z, to: 2027-01-02T00:00:00Z }
    breakGlass: true
conflicts:
  - [orders-admin, ledger-auditor]
breakGlass:
  who: { jobFunctions: [sre] }
  roles: [orders-admin]
  environments: [production]
  maxDuration: PT1H
  review: { from: { jobFunctions: [security] }, within: PT24H }
requests: { proof: signature }
`;

const DIRECTORY = `apiVersion: elevation/v1
kind: Directory
people:
  alice@example.com: { jobFunctions: [dba], identities: { postgres: alice } }
  bruno@example.com: { jobFunctions: [dba, lead], identities: { postgres: bruno } }
  carla@example.com: { jobFunctions: [security, lead], identities: { postgres: carla } }
  dora@example.com: { jobFunctions: [security, senior-lead], identities: { postgres: dora } }
  emil@example.com: { jobFunctions: [sre], identities: { postgres: emil } }
  frank@example.com: { jobFunctions: [auditor], identities: { postgres: frank } }
jobFunctions:
  dba: {}
  lead: { includes: [senior-lead] }
  senior-lead: {}
  security: {}
  sre: {}
  auditor: {}
onCall:
  books:
    - { person: emil@example.com, from: 2026-11-23T00:00:00Z, to: 2026-11-24T10:00:00.001Z }
`;

const SATURDAYS = 'hours: { zone: Europe/Berlin, days: [sat], from: "08:00", to: "18:00" }';

type Edits = readonly (readonly [string, string])[];

interface Case {
  readonly check: string;
  readonly when: string;
  readonly policy?: Edits;
  readonly directory?: Edits;
  readonly at?: string;
  readonly tested?: Readonly<Record<string, readonly string[]>>;
  /** Of the check: severity, path and message. */
  readonly finds: readonly (readonly [LintFinding["severity"], string, string])[];
}

function found({ policy = [], directory = [], at: instant = AT, tested }: Omit<Case, "check" | "when" | "finds">) {
  const judge = readJudge(
    { file: "elevation.yaml", text: edit(POLICY, ...policy) },
    { file: "directory.yaml", text: edit(DIRECTORY, ...directory) },
    "study",
  );
  const rules = tested === undefined ? null : new Map(Object.entries(tested).map(([id, seen]) => [id, new Set(seen)]));
  return lint(judge, { at: at(instant), tested: rules as TestedRules | null });
}

const ALLOW = (id: string, rest: string) => `rules:\n  - { id: ${id}, effect: allow, ${rest} }`;
const DENY = (rest: string) => `rules:\n  - { id: never, effect: deny, ${rest} }`;
const LAST = (id: string, rest: string): readonly [string, string] => [
  "conflicts:",
  `  - { id: ${id}, effect: allow, ${rest} }\nconflicts:`,
];
const DBA = "who: { jobFunctions: [dba] }, roles: [orders-admin]";

const SHADOWED = (id: string, by: string) =>
  [
    "error",
    "rules[4].id",
    `rule \`${id}\` never decides: rule \`${by}\` before it allows all that it would and demands nothing more; move it before \`${by}\`, or take it out`,
  ] as const;

const CASES: readonly Case[] = [
  {
    check: "unknown-name",
    when: "an allow rule names what doesn't exist",
    policy: [
      [
        "who: { jobFunctions: [dba] }",
        "who: { jobFunctions: [dba, dbaa], people: [alise@example.com], onCall: [book] }\n    onBehalf: { jobFunctions: [leed] }",
      ],
      ["roles: [orders-admin]", "roles: [orders-admin, orders-admn]"],
      ["environments: [production, staging]", "environments: [production, stage]"],
    ],
    finds: [
      [
        "error",
        "rules[0].who.jobFunctions[1]",
        "`rules[0].who.jobFunctions[1]` names the job function `dbaa`, which does not exist; did you mean `dba`?",
      ],
      [
        "error",
        "rules[0].who.people[0]",
        "`rules[0].who.people[0]` names the person `alise@example.com`, who does not exist; did you mean `alice@example.com`?",
      ],
      [
        "error",
        "rules[0].who.onCall[0]",
        "`rules[0].who.onCall[0]` names the schedule `book`, which does not exist; did you mean `books`?",
      ],
      [
        "error",
        "rules[0].onBehalf.jobFunctions[0]",
        "`rules[0].onBehalf.jobFunctions[0]` names the job function `leed`, which does not exist; did you mean `lead`?",
      ],
      [
        "error",
        "rules[0].roles[1]",
        "`rules[0].roles[1]` names the role `orders-admn`, which does not exist; did you mean `orders-admin`?",
      ],
      [
        "error",
        "rules[0].environments[1]",
        "`rules[0].environments[1]` names the environment `stage`, which does not exist; the nearest known name is `staging`",
      ],
    ],
  },
  {
    check: "rule-shadowed",
    when: "a later rule wants approvals that nobody will be asked for",
    policy: [
      LAST(
        "late",
        `${DBA}, environments: [staging], duration: { max: PT1H, default: PT10M }, reason: { minLength: 10 }, approvals: { from: { jobFunctions: [lead] }, count: 1 }`,
      ),
      ["    cooldown: PT4H\n", ""],
    ],
    finds: [SHADOWED("late", "dba-short")],
  },
  {
    check: "rule-shadowed",
    when: "the earlier rule has a cooldown, then the later one decides meanwhile",
    policy: [LAST("late", `${DBA}, environments: [staging], duration: { max: PT1H }, reason: { minLength: 10 }`)],
    finds: [],
  },
  {
    check: "rule-shadowed",
    when: "the later rule allows a millisecond more",
    policy: [
      LAST("late", `${DBA}, environments: [staging], duration: { max: PT1H0.001S }, reason: { minLength: 10 }`),
      ["    cooldown: PT4H\n", ""],
    ],
    finds: [],
  },
  {
    check: "rule-shadowed",
    when: "the earlier rule cuts what is longer, then the longer one never decides",
    policy: [
      LAST("late", `${DBA}, environments: [staging], duration: { max: PT12H }, reason: { minLength: 10 }`),
      ["    cooldown: PT4H\n", ""],
      ["default: PT30M, max: PT1H", "default: PT30M, max: PT1H, clamp: true"],
    ],
    finds: [SHADOWED("late", "dba-short")],
  },
  {
    check: "rule-shadowed",
    when: "the environment caps both to the same length",
    policy: [
      LAST("late", `${DBA}, environments: [staging], duration: { max: PT2H }, reason: { minLength: 10 }`),
      ["    cooldown: PT4H\n", ""],
      ["staging: { maxDuration: PT12H }", "staging: { maxDuration: PT1H }"],
    ],
    finds: [SHADOWED("late", "dba-short")],
  },
  {
    check: "rule-shadowed",
    when: "a request that names no duration is too long for the earlier rule",
    policy: [
      LAST("late", `${DBA}, environments: [staging], duration: { max: PT1H }, reason: { minLength: 10 }`),
      ["    cooldown: PT4H\n", ""],
      ["default: PT30M", "default: PT2H"],
    ],
    finds: [],
  },
  ...(
    [
      ["it takes shorter ones", "duration: { min: PT10S, max: PT1H }, reason: { minLength: 10 }"],
      ["it cuts what is longer", "duration: { max: PT1H, clamp: true }, reason: { minLength: 10 }"],
      ["it takes a shorter reason", "duration: { max: PT1H }, reason: { minLength: 9 }"],
      [
        "it names another environment, too",
        "duration: { max: PT1H }, reason: { minLength: 10 }",
        "[production, staging]",
      ],
    ] as const
  ).map(
    ([when, rest, environments = "[staging]"]): Case => ({
      check: "rule-shadowed",
      when: `the later rule is wider, since ${when}`,
      policy: [
        LAST("late", `${DBA}, environments: ${environments}, ${rest}`),
        ["    cooldown: PT4H\n", ""],
        ["environments: [production, staging]", "environments: [staging]"],
      ],
      finds: [],
    }),
  ),
  {
    check: "rule-shadowed",
    when: "the later rule is for a job function that the earlier one's includes, or a person who has it",
    policy: [
      LAST(
        "late",
        "who: { jobFunctions: [senior-lead], people: [carla@example.com] }, roles: [orders-admin], environments: [production], duration: { max: PT1H }",
      ),
      [
        "rules:",
        ALLOW(
          "early",
          "who: { jobFunctions: [lead] }, roles: [orders-admin], environments: [production], duration: { max: PT1H }",
        ),
      ],
    ],
    finds: [["error", "rules[5].id", SHADOWED("late", "early")[2]]],
  },
  {
    check: "rule-shadowed",
    when: "two job functions only happen to have the same people",
    policy: [
      LAST(
        "late",
        "who: { jobFunctions: [senior-lead] }, roles: [orders-admin], environments: [production], duration: { max: PT1H }",
      ),
      [
        "rules:",
        ALLOW(
          "early",
          "who: { jobFunctions: [security] }, roles: [orders-admin], environments: [production], duration: { max: PT1H }",
        ),
      ],
    ],
    finds: [],
  },
  {
    check: "rule-shadowed",
    when: "two rules share what a later one allows",
    policy: [
      LAST("late", `${DBA}, environments: [production, staging], duration: { max: PT1H }`),
      [
        "rules:",
        `${ALLOW("one", `${DBA}, environments: [staging], duration: { max: PT1H }`)}\n  - { id: two, effect: allow, ${DBA}, environments: [production], duration: { max: PT1H } }`,
      ],
      ["  - id: dba-short", "  - id: dba-first"],
    ],
    finds: [
      [
        "error",
        "rules[2].id",
        "rule `dba-first` never decides: rules `two` and `one` before it allow all that it would and demand nothing more; move it before them, or take it out",
      ],
      [
        "error",
        "rules[6].id",
        "rule `late` never decides: rules `two` and `one` before it allow all that it would and demand nothing more; move it before them, or take it out",
      ],
    ],
  },
  {
    check: "rule-shadowed",
    when: "who may ask for others is looked at, where requests are proven",
    policy: [
      LAST(
        "late",
        `${DBA}, environments: [staging], duration: { max: PT1H, default: PT10M }, reason: { minLength: 10 }, onBehalf: { jobFunctions: [lead] }`,
      ),
      ["    cooldown: PT4H\n", ""],
    ],
    finds: [],
  },
  {
    check: "rule-shadowed",
    when: "nobody is proven to ask, then `onBehalf` opens nothing",
    policy: [
      LAST(
        "late",
        `${DBA}, environments: [staging], duration: { max: PT1H, default: PT10M }, reason: { minLength: 10 }, onBehalf: { jobFunctions: [lead] }`,
      ),
      ["    cooldown: PT4H\n", ""],
      ["proof: signature", "proof: none"],
    ],
    finds: [SHADOWED("late", "dba-short")],
  },
  {
    check: "rule-shadowed",
    when: "both want the same approvals, the later for longer",
    policy: [
      LAST(
        "late",
        `${DBA}, environments: [production], duration: { min: PT1H, max: PT8H }, reason: { minLength: 12 }, ticket: { matches: "^(INC|CHG)-[0-9]+$" }, approvals: { all: [{ from: { jobFunctions: [lead] }, count: 1 }, { from: { jobFunctions: [security] }, count: 1 }] }, approvalsValidFor: PT1H`,
      ),
    ],
    finds: [SHADOWED("late", "dba-long")],
  },
  ...(
    [
      ["an approval for ten minutes is enough for it", "duration: { min: PT1H, default: PT1H, max: PT8H }", "", ""],
      [
        "its approvals count for longer",
        "duration: { min: PT1H, max: PT8H }",
        ", approvalsValidFor: PT2H",
        "    approvalsValidFor: PT1H\n",
      ],
      ["its approvals count for good", "duration: { min: PT1H, max: PT8H }", "", "    approvalsValidFor: PT1H\n"],
    ] as const
  ).map(
    ([when, duration, more, early]): Case => ({
      check: "rule-shadowed",
      when: `both want the same approvals, and ${when}`,
      policy: [
        LAST(
          "late",
          `${DBA}, environments: [production], ${duration}, reason: { minLength: 12 }, ticket: { matches: "^(INC|CHG)-[0-9]+$" }, approvals: { all: [{ from: { jobFunctions: [lead] }, count: 1 }, { from: { jobFunctions: [security] }, count: 1 }] }${more}`,
        ),
        ["    approvals:\n", `${early}    approvals:\n`],
      ],
      finds: [],
    }),
  ),
  {
    check: "rule-shadowed",
    when: "the earlier rule takes imported approvals, then a later reject on the forge counts for it alone",
    policy: [
      LAST(
        "late",
        `${DBA}, environments: [staging], duration: { default: PT30M, max: PT1H }, reason: { minLength: 10 }, approvals: { from: { jobFunctions: [lead] }, count: 1 }`,
      ),
      ["    cooldown: PT4H\n", "    approvals: { from: { jobFunctions: [lead] }, count: 1, imported: true }\n"],
    ],
    finds: [],
  },
  {
    check: "rule-shadowed",
    when: "the earlier rule ends at closing time and wants an extension to begin before it",
    policy: [
      LAST(
        "late",
        `who: { onCall: [books] }, roles: [ledger-auditor], environments: [production], duration: { max: PT4H }, hours: { zone: Europe/Berlin, days: [fri], from: "08:00", to: "18:00" }`,
      ),
      ['to: "18:00" }', 'to: "18:00", mode: hold }'],
    ],
    finds: [],
  },
  {
    check: "rule-shadowed",
    when: "the later rule is content with one of the approvals",
    policy: [
      LAST(
        "late",
        `${DBA}, environments: [production], duration: { min: PT1H, max: PT8H }, reason: { minLength: 12 }, ticket: { matches: "^(INC|CHG)-[0-9]+$" }, approvals: { from: { jobFunctions: [lead] }, count: 1 }`,
      ),
    ],
    finds: [],
  },
  {
    check: "rule-shadowed",
    when: "the later rule is open on fewer of the same days",
    policy: [
      LAST(
        "late",
        `who: { onCall: [books] }, roles: [ledger-auditor], environments: [production], duration: { max: PT4H }, hours: { zone: Europe/Berlin, days: [fri], from: "08:00", to: "18:00" }`,
      ),
    ],
    finds: [SHADOWED("late", "audit")],
  },
  ...(
    [
      ["begin later", 'from: "09:00", to: "18:00"'],
      ["end earlier", 'from: "08:00", to: "17:00"'],
      ["are those of another zone", 'from: "08:00", to: "18:00"', "Europe/Vienna"],
    ] as const
  ).map(
    ([when, clocks, zone = "Europe/Berlin"]): Case => ({
      check: "rule-shadowed",
      when: `the later rule's hours ${when}`,
      policy: [
        LAST(
          "late",
          `who: { onCall: [books] }, roles: [ledger-auditor], environments: [production], duration: { max: PT4H }, hours: { zone: ${zone}, days: [fri], ${clocks} }`,
        ),
      ],
      finds: [],
    }),
  ),
  {
    check: "rule-denied",
    when: "a deny rule always matches where an allow rule could",
    policy: [["rules:", DENY("who: everyone, roles: [ledger-auditor], environments: [production]")]],
    finds: [
      [
        "error",
        "rules[3].id",
        "rule `audit` never allows: deny rule `never` matches whenever it could; narrow the deny, or take the rule out",
      ],
    ],
  },
  {
    check: "rule-denied",
    when: "the deny rule is open in the same hours",
    policy: [
      [
        "rules:",
        DENY(
          'who: everyone, roles: "*", environments: [production], hours: { zone: Europe/Berlin, days: [fri, thu, wed, tue, mon], from: "08:00", to: "18:00" }',
        ),
      ],
    ],
    finds: [
      [
        "error",
        "rules[3].id",
        "rule `audit` never allows: deny rule `never` matches whenever it could; narrow the deny, or take the rule out",
      ],
    ],
  },
  ...(
    [
      [
        "for a while",
        "who: everyone, roles: [ledger-auditor], environments: [production], during: { from: 2026-01-01T00:00:00Z, to: 2076-11-11T09:59:59.999Z }",
      ],
      [
        "to some of the people",
        "who: { jobFunctions: [auditor] }, roles: [ledger-auditor], environments: [production]",
      ],
      ["in another environment", "who: everyone, roles: [ledger-auditor], environments: [staging]"],
      [
        "on one day less",
        'who: everyone, roles: "*", environments: [production], hours: { zone: Europe/Berlin, days: [fri, thu, wed, tue], from: "08:00", to: "18:00" }',
      ],
    ] as const
  ).map(
    ([when, rest]): Case => ({
      check: "rule-denied",
      when: `the deny rule matches ${when}`,
      policy: [["rules:", DENY(rest)]],
      finds: [],
    }),
  ),
  ...(
    [
      [
        "for fifty years or more from now on",
        [
          "who: everyone, roles: [ledger-auditor], environments: [production], during: { from: 2026-11-24T10:00:00Z, to: 2076-11-11T10:00:00Z }",
        ],
      ],
      [
        "an hour before and after, where clocks change",
        [
          'who: everyone, roles: "*", environments: [production], hours: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "07:59", to: "18:01" }',
        ],
      ],
      [
        "in another zone, at all hours that its clocks may show then",
        [
          'who: everyone, roles: "*", environments: [production], hours: { zone: UTC, days: [mon, tue, wed, thu, fri], from: "06:00", to: "17:00" }',
        ],
      ],
      [
        "by one half of the day and the other",
        [
          'who: everyone, roles: "*", environments: [production], hours: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri, sat, sun], from: "20:00", to: "12:00" }',
          'who: everyone, roles: "*", environments: "*", hours: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "12:00", to: "20:00" }',
        ],
      ],
      [
        "one part of the people each",
        [
          "who: { jobFunctions: [auditor] }, roles: [ledger-auditor], environments: [production]",
          "who: { onCall: [books] }, roles: [ledger-auditor], environments: [production]",
        ],
      ],
    ] as const
  ).map(([when, rests]): Case => {
    const ids = rests.length === 1 ? "rule `never-0` matches" : "rules `never-0` and `never-1` match";
    return {
      check: "rule-denied",
      when: `deny rules match ${when}`,
      policy: [
        ["rules:", ["rules:", ...rests.map((rest, n) => `  - { id: never-${n}, effect: deny, ${rest} }`)].join("\n")],
      ],
      finds: [
        [
          "error",
          `rules[${rests.length + 2}].id`,
          `rule \`audit\` never allows: deny ${ids} whenever it could; narrow the deny, or take the rule out`,
        ],
      ],
    };
  }),
  {
    check: "rule-denied",
    when: "deny rules match but for a minute",
    policy: [
      [
        "rules:",
        `rules:
  - { id: one, effect: deny, who: everyone, roles: "*", environments: [production], hours: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "08:00", to: "12:00" } }
  - { id: two, effect: deny, who: everyone, roles: "*", environments: [production], hours: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "12:01", to: "18:00" } }`,
      ],
    ],
    finds: [],
  },
  {
    check: "rule-denied",
    when: "clocks of the deny rule's other zone may be an hour off",
    policy: [
      [
        "rules:",
        DENY(
          'who: everyone, roles: "*", environments: [production], hours: { zone: UTC, days: [mon, tue, wed, thu, fri], from: "06:00", to: "16:59" }',
        ),
      ],
    ],
    finds: [],
  },
  {
    check: "rule-denied",
    when: "an extension asked for in the hours of both may begin after them",
    policy: [
      [
        "rules:",
        DENY(
          'who: everyone, roles: "*", environments: [production], hours: { zone: Europe/Berlin, days: [fri, thu, wed, tue, mon], from: "08:00", to: "18:00" }',
        ),
      ],
      ["    duration: { max: PT4H }\n", "    duration: { max: PT4H }\n    extensions: { max: 1, upTo: PT1H }\n"],
    ],
    finds: [],
  },
  {
    check: "rule-denied",
    when: "the deny rule's hours never close",
    policy: [
      [
        "rules:",
        DENY(
          'who: everyone, roles: "*", environments: [production], hours: { zone: UTC, days: [mon, tue, wed, thu, fri, sat, sun], from: "06:00", to: "06:00" }',
        ),
      ],
    ],
    finds: [
      [
        "error",
        "rules[2].id",
        "rule `dba-long` never allows: deny rule `never` matches whenever it could; narrow the deny, or take the rule out",
      ],
      [
        "error",
        "rules[3].id",
        "rule `audit` never allows: deny rule `never` matches whenever it could; narrow the deny, or take the rule out",
      ],
    ],
  },
  {
    check: "nobody-matches",
    when: "rules and break-glass name a job function that nobody has",
    policy: [
      ["who: { jobFunctions: [auditor], onCall: [books] }", "who: { jobFunctions: [auditor] }"],
      ["who: { jobFunctions: [sre] }", "who: { jobFunctions: [auditor] }"],
      ["who: { jobFunctions: [dba, sre] }", "who: { jobFunctions: [auditor] }"],
    ],
    directory: [["jobFunctions: [auditor], ", ""]],
    finds: [
      [
        "warning",
        "rules[2].who",
        "`who` of rule `audit` matches nobody in the directory; name somebody who is there, or take it out",
      ],
      [
        "note",
        "rules[3].who",
        "`who` of deny rule `freeze` matches nobody in the directory; name somebody who is there, or take it out",
      ],
      [
        "warning",
        "breakGlass.who",
        "`who` of `breakGlass` matches nobody in the directory; name somebody who is there, or take it out",
      ],
    ],
  },
  {
    check: "nobody-matches",
    when: "the last turn of a schedule is just over",
    policy: [["who: { jobFunctions: [auditor], onCall: [books] }", "who: { onCall: [books] }"]],
    at: "2026-11-24T10:00:00.001Z",
    finds: [
      [
        "note",
        "rules[2].who",
        "`who` of rule `audit` matches nobody from 2026-11-24T10:00:00.001Z on: the turns of `books` are over; add the next ones, or take the rule out",
      ],
    ],
  },
  {
    check: "nobody-matches",
    when: "the last turn of a schedule has a millisecond left",
    policy: [["who: { jobFunctions: [auditor], onCall: [books] }", "who: { onCall: [books] }"]],
    finds: [],
  },
  {
    check: "no-target",
    when: "no role of a rule exists in its environments",
    policy: [
      [
        "roles: [ledger-auditor]\n    environments: [production]",
        "roles: [ledger-auditor]\n    environments: [staging]",
      ],
    ],
    finds: [
      [
        "error",
        "rules[2].roles",
        "rule `audit` never decides: none of its roles has a target in any of its environments; add one to the role's `targets`, or name others",
      ],
    ],
  },
  {
    check: "no-target",
    when: "one of the roles doesn't exist in one of the environments",
    policy: [["roles: [orders-admin]", "roles: [orders-admin, ledger-auditor]"]],
    finds: [
      [
        "note",
        "rules[0].roles[1]",
        "rule `dba-short` names `ledger-auditor` in `staging`, where the role has no target; add one, or give the role a rule of its own",
      ],
    ],
  },
  {
    check: "no-target",
    when: "all roles or environments are named",
    policy: [["roles: [orders-admin]", 'roles: "*"']],
    finds: [],
  },
  {
    check: "no-duration-fits",
    when: "the environment's maxDuration is below the rule's min",
    policy: [["production: { maxDuration: PT8H }", "production: { maxDuration: PT59M }"]],
    finds: [
      [
        "error",
        "rules[1].duration",
        "rule `dba-long` takes no duration in `production`: the shortest is 1 h, the longest 59 min, the environment's `maxDuration`; lower `duration.min`, or allow longer ones",
      ],
    ],
  },
  {
    check: "no-duration-fits",
    when: "it is so in one environment of two, with the min that isn't written",
    policy: [["staging: { maxDuration: PT12H }", "staging: { maxDuration: PT59S }"]],
    finds: [
      [
        "warning",
        "rules[0].duration",
        "rule `dba-short` takes no duration in `staging`: the shortest is 1 min, the longest 59 s, the environment's `maxDuration`; lower `duration.min`, or allow longer ones",
      ],
    ],
  },
  {
    check: "no-duration-fits",
    when: "just one duration fits",
    policy: [["production: { maxDuration: PT8H }", "production: { maxDuration: PT1H }"]],
    finds: [],
  },
  {
    check: "no-duration-fits",
    when: "what is longer is cut",
    policy: [["min: PT1H, max: PT8H", "min: PT1H, max: PT10M, clamp: true"]],
    finds: [],
  },
  {
    check: "min-above-held",
    when: "a rule gives no less than what a person may hold, and nothing cuts it",
    policy: [
      ["environments: [production]\n    during", "environments: [staging]\n    during"],
      ["conflicts:", "limits: { perPerson: { heldPer: { window: P1D, max: PT59M59S } } }\nconflicts:"],
    ],
    finds: [
      [
        "error",
        "rules[1].duration",
        "rule `dba-long` gives no less than 1 h in `production`, and `limits.perPerson.heldPer` lets a person hold 59 min 59 s within 1 d; lower `duration.min`, or raise the limit",
      ],
    ],
  },
  {
    check: "min-above-held",
    when: "a deny rule may cut it, by its `during` or by its hours",
    policy: [["conflicts:", "limits: { perPerson: { heldPer: { window: P1D, max: PT59M59S } } }\nconflicts:"]],
    finds: [
      [
        "warning",
        "rules[1].duration",
        "rule `dba-long` gives no less than 1 h in `production`, and `limits.perPerson.heldPer` lets a person hold 59 min 59 s within 1 d; lower `duration.min`, or raise the limit",
      ],
    ],
  },
  {
    check: "min-above-held",
    when: "closing time may cut it, or hours of a deny rule",
    policy: [
      ["during: { from: 2026-12-20T00:00:00Z, to: 2027-01-02T00:00:00Z }", SATURDAYS],
      ["duration: { max: PT4H }", "duration: { min: PT2H, max: PT4H }"],
      ['to: "18:00" }', 'to: "18:00", mode: hold }'],
      ['roles: "*"', "roles: [orders-admin]"],
      ["conflicts:", "limits: { perPerson: { heldPer: { window: P1D, max: PT59M59S } } }\nconflicts:"],
    ],
    finds: [
      [
        "warning",
        "rules[1].duration",
        "rule `dba-long` gives no less than 1 h in `production`, and `limits.perPerson.heldPer` lets a person hold 59 min 59 s within 1 d; lower `duration.min`, or raise the limit",
      ],
      [
        "warning",
        "rules[2].duration",
        "rule `audit` gives no less than 2 h in `production`, and `limits.perPerson.heldPer` lets a person hold 59 min 59 s within 1 d; lower `duration.min`, or raise the limit",
      ],
    ],
  },
  {
    check: "min-above-held",
    when: "it is so in one environment of two, because the other one cuts what is asked",
    policy: [
      ["duration: { default: PT30M, max: PT1H }", "duration: { min: PT1H, max: PT2H, clamp: true }"],
      ["production: { maxDuration: PT8H }", "production: { maxDuration: PT30M }"],
      ["conflicts:", "limits: { perPerson: { heldPer: { window: P1D, max: PT30M } } }\nconflicts:"],
      ["duration: { min: PT1H, max: PT8H }", "duration: { max: PT8H }"],
    ],
    finds: [
      [
        "warning",
        "rules[0].duration",
        "rule `dba-short` gives no less than 1 h in `staging`, and `limits.perPerson.heldPer` lets a person hold 30 min within 1 d; lower `duration.min`, or raise the limit",
      ],
    ],
  },
  {
    check: "min-above-held",
    when: "the shortest grant is as long as what a person may hold",
    policy: [["conflicts:", "limits: { perPerson: { heldPer: { window: P1D, max: PT1H } } }\nconflicts:"]],
    finds: [],
  },
  {
    check: "min-above-held",
    when: "the window is no longer than what may be held within it",
    policy: [["conflicts:", "limits: { perPerson: { heldPer: { window: PT30M, max: PT30M } } }\nconflicts:"]],
    finds: [],
  },
  {
    check: "default-refused",
    when: "a rule's default is longer than its max",
    policy: [["default: PT30M, max: PT1H", "default: PT61M, max: PT1H"]],
    finds: [
      [
        "warning",
        "rules[0].duration.default",
        "rule `dba-short` refuses its own default of 1 h 1 min in `production` and `staging`, where the longest is 1 h; set `duration.default` to one that it takes",
      ],
    ],
  },
  {
    check: "default-refused",
    when: "a rule's default is shorter than its min",
    policy: [["default: PT30M, max: PT1H", "default: PT30S, max: PT1H"]],
    finds: [
      [
        "warning",
        "rules[0].duration.default",
        "rule `dba-short` refuses its own default of 30 s in `production` and `staging`, where the shortest is 1 min; set `duration.default` to one that it takes",
      ],
    ],
  },
  {
    check: "default-refused",
    when: "the default is the max",
    policy: [["default: PT30M, max: PT1H", "default: PT1H, max: PT1H"]],
    finds: [],
  },
  {
    check: "approvals-impossible",
    when: "more approvals are wanted than there are people",
    policy: [["{ from: { jobFunctions: [security] }, count: 1 }", "{ from: { jobFunctions: [security] }, count: 3 }"]],
    finds: [
      [
        "error",
        "rules[1].approvals",
        "rule `dba-long` wants approvals by 1 of `lead` and 3 of `security`, and the directory has too few different people for that; add people, or ask for fewer",
      ],
    ],
  },
  {
    check: "approvals-impossible",
    when: "enough match each demand, but they are the same people",
    policy: [
      [
        "{ from: { jobFunctions: [lead] }, count: 1 }",
        "{ from: { people: [carla@example.com, dora@example.com] }, count: 1 }",
      ],
      ["{ from: { jobFunctions: [security] }, count: 1 }", "{ from: { jobFunctions: [security] }, count: 2 }"],
    ],
    finds: [
      [
        "error",
        "rules[1].approvals",
        "rule `dba-long` wants approvals by 1 of `carla@example.com` or `dora@example.com` and 2 of `security`, and the directory has too few different people for that; add people, or ask for fewer",
      ],
    ],
  },
  {
    check: "approvals-impossible",
    when: "only one of those who may ask could approve",
    policy: [["{ from: { jobFunctions: [lead] }, count: 1 }", "{ from: { people: [bruno@example.com] }, count: 1 }"]],
    finds: [
      [
        "note",
        "rules[1].approvals",
        "rule `dba-long` wants approvals by 1 of `bruno@example.com` and 1 of `security`, and there are too few when `bruno@example.com` asks; add people, if they shall use the rule",
      ],
    ],
  },
  {
    check: "approvals-impossible",
    when: "only whoever asks could approve",
    policy: [
      ["{ from: { jobFunctions: [lead] }, count: 1 }", "{ from: { people: [frank@example.com] }, count: 1 }"],
      ["who: { jobFunctions: [dba], people: [frank@example.com] }", "who: { people: [frank@example.com] }"],
    ],
    finds: [
      [
        "error",
        "rules[1].approvals",
        "rule `dba-long` wants approvals by 1 of `frank@example.com` and 1 of `security`, and without whoever asks there are too few; add people, or ask for fewer",
      ],
    ],
  },
  {
    check: "role-unreachable",
    when: "no rule names a role",
    policy: [
      ["roles: [ledger-auditor]", "roles: [orders-admin]"],
      ['roles: "*"', "roles: [orders-admin]"],
    ],
    finds: [
      [
        "warning",
        "roles.ledger-auditor",
        "nobody can get the role `ledger-auditor`: no allow rule names it; mend that, or take the role out",
      ],
    ],
  },
  {
    check: "role-unreachable",
    when: "nobody has the identity that a role's only target wants",
    policy: [["{ kind: postgres, connection: ledger-production", "{ kind: aws, connection: ledger-production"]],
    finds: [
      [
        "warning",
        "roles.ledger-auditor",
        "nobody can get the role `ledger-auditor`: `audit` can allow it to nobody in any environment; mend that, or take the role out",
      ],
    ],
  },
  {
    check: "environment-unused",
    when: "no role of an environment can be had",
    policy: [["staging: { maxDuration: PT12H }", "staging: { maxDuration: PT59S }"]],
    finds: [
      [
        "warning",
        "environments.staging",
        "nobody can get any role in the environment `staging`; add a target and a rule, or take it out",
      ],
    ],
  },
  {
    check: "identity-missing",
    when: "people lack what a target wants",
    directory: [
      ["identities: { postgres: alice }", "identities: { github: alice }"],
      ["identities: { postgres: frank }", "identities: { aws: frank }"],
    ],
    finds: [
      [
        "warning",
        'people["alice@example.com"]',
        "`alice@example.com` has no identity of kind `postgres`, which targets of roles by `dba-short` and `dba-long` want; add one to `identities`",
      ],
      [
        "warning",
        'people["frank@example.com"]',
        "`frank@example.com` has no identity of kind `postgres`, which targets of roles by `dba-long` and `audit` want; add one to `identities`",
      ],
    ],
  },
  {
    check: "identity-missing",
    when: "a person whom no rule lets has none",
    directory: [["identities: { postgres: dora }", "name: Dora"]],
    finds: [],
  },
  {
    check: "rule-too-broad",
    when: "rules give a critical role to everyone and everywhere",
    policy: [
      ["who: { jobFunctions: [dba] }", "who: everyone\n    onBehalf: everyone"],
      ["roles: [orders-admin]", 'roles: "*"'],
      ["environments: [production, staging]", 'environments: "*"'],
    ],
    finds: [
      [
        "error",
        "rules[0].who",
        "rule `dba-short` gives `orders-admin` (critical) to everyone in the directory; name job functions in `who`",
      ],
      [
        "error",
        "rules[0].onBehalf",
        "rule `dba-short` lets everyone ask for `orders-admin` (critical) for somebody else; name job functions in `onBehalf`",
      ],
      [
        "error",
        "rules[0].roles",
        "rule `dba-short` gives every role, `orders-admin` (critical) among them; name the roles",
      ],
      [
        "error",
        "rules[0].environments",
        "rule `dba-short` gives `orders-admin` (critical) in every environment; name the environments",
      ],
    ],
  },
  ...(
    [
      ["low", "note", "`ledger-auditor` (low)"],
      ["medium", "warning", "`ledger-auditor` (medium)"],
      ["high", "error", "`ledger-auditor` (high)"],
    ] as const
  ).map(
    ([severity, finding, role]): Case => ({
      check: "rule-too-broad",
      when: `everyone may have a role of severity ${severity}`,
      policy: [
        ["severity: low", `severity: ${severity}`],
        ["who: { jobFunctions: [auditor], onCall: [books] }", "who: everyone"],
      ],
      finds: [
        [
          finding,
          "rules[2].who",
          `rule \`audit\` gives ${role} to everyone in the directory; name job functions in \`who\``,
        ],
      ],
    }),
  ),
  {
    check: "rule-too-broad",
    when: "no severity is said",
    policy: [
      ["    severity: low\n", ""],
      ["who: { jobFunctions: [auditor], onCall: [books] }", "who: everyone"],
    ],
    finds: [
      [
        "warning",
        "rules[2].who",
        "rule `audit` gives `ledger-auditor` to everyone in the directory; name job functions in `who`",
      ],
    ],
  },
  {
    check: "rule-unguarded",
    when: "a critical role can be had for nothing",
    policy: [["    reason: { minLength: 10 }\n", ""]],
    finds: [
      [
        "error",
        "rules[0].id",
        "rule `dba-short` gives `orders-admin` (critical) without approvals, a reason of some length, a ticket or hours that bound it; ask for one of them",
      ],
    ],
  },
  {
    check: "rule-unguarded",
    when: "a role of severity high can be, with any reason",
    policy: [
      ["reason: { minLength: 10 }", "reason: { minLength: 1 }"],
      ["severity: critical", "severity: high"],
    ],
    finds: [
      [
        "warning",
        "rules[0].id",
        "rule `dba-short` gives `orders-admin` (high) without approvals, a reason of some length, a ticket or hours that bound it; ask for one of them",
      ],
    ],
  },
  {
    check: "rule-unguarded",
    when: "the role is of severity medium",
    policy: [
      ["    reason: { minLength: 10 }\n", ""],
      ["severity: critical", "severity: medium"],
    ],
    finds: [],
  },
  {
    check: "standing-access",
    when: "four hours may follow each other with a pause that is a minute too short",
    policy: [
      ["default: PT30M, max: PT1H", "default: PT30M, max: PT4H"],
      ["cooldown: PT4H", "cooldown: PT59M"],
    ],
    finds: [
      [
        "warning",
        "rules[0].duration",
        "rule `dba-short` gives `orders-admin` (critical) for 4 h at a time without approvals, a ticket or hours that bound it, and with a cooldown of 59 min; set `cooldown` to PT1H or more, bound the time by `limits.perPerson.heldPer`, or ask for approvals or a ticket",
      ],
    ],
  },
  {
    check: "standing-access",
    when: "extensions make an hour four, and there is no cooldown",
    policy: [["    cooldown: PT4H\n", "    extensions: { max: 3, upTo: PT2H }\n"]],
    finds: [
      [
        "warning",
        "rules[0].duration",
        "rule `dba-short` gives `orders-admin` (critical) for 4 h at a time without approvals, a ticket or hours that bound it, and with no cooldown; set `cooldown` to PT1H or more, bound the time by `limits.perPerson.heldPer`, or ask for approvals or a ticket",
      ],
    ],
  },
  {
    check: "standing-access",
    when: "hours only say when a day may begin",
    policy: [
      ["duration: { max: PT4H }", "duration: { max: P1D }"],
      ["production: { maxDuration: PT8H }", "production: {}"],
    ],
    finds: [
      [
        "note",
        "rules[2].duration",
        "rule `audit` gives `ledger-auditor` (low) for 1 d at a time without approvals, a ticket or hours that bound it, and with no cooldown; set `cooldown` to PT6H or more, bound the time by `limits.perPerson.heldPer`, or ask for approvals or a ticket",
      ],
    ],
  },
  {
    check: "standing-access",
    when: "the pause is a quarter of the grant",
    policy: [
      ["default: PT30M, max: PT1H", "default: PT30M, max: PT4H"],
      ["cooldown: PT4H", "cooldown: PT1H"],
    ],
    finds: [],
  },
  {
    check: "standing-access",
    when: "a critical role may be had for ten minutes, over and over",
    policy: [
      ["default: PT30M, max: PT1H", "max: PT10M"],
      ["    cooldown: PT4H\n", ""],
    ],
    finds: [
      [
        "warning",
        "rules[0].duration",
        "rule `dba-short` gives `orders-admin` (critical) for 10 min at a time without approvals, a ticket or hours that bound it, and with no cooldown; set `cooldown` to PT3M or more, bound the time by `limits.perPerson.heldPer`, or ask for approvals or a ticket",
      ],
    ],
  },
  ...(
    [
      ["medium", "PT3H59M", "note"],
      ["medium", "PT4H", "warning"],
      ["low", "PT4H", "note"],
    ] as const
  ).map(
    ([rank, max, severity]): Case => ({
      check: "standing-access",
      when: `a role of severity ${rank} may be had for ${max}, over and over`,
      policy: [
        ["severity: critical", `severity: ${rank}`],
        ["default: PT30M, max: PT1H", `max: ${max}`],
        ["    cooldown: PT4H\n", ""],
      ],
      finds: [
        [
          severity,
          "rules[0].duration",
          `rule \`dba-short\` gives \`orders-admin\` (${rank}) for ${max === "PT4H" ? "4 h" : "3 h 59 min"} at a time without approvals, a ticket or hours that bound it, and with no cooldown; set \`cooldown\` to PT1H or more, bound the time by \`limits.perPerson.heldPer\`, or ask for approvals or a ticket`,
        ],
      ],
    }),
  ),
  ...(
    [
      ["never close", "mon, tue, wed, thu, fri, sat, sun", "00:00", "24:00"],
      ["are shut on a day of the week", "mon, tue, wed, thu, fri, sat", "06:00", "06:00"],
    ] as const
  ).flatMap(([what, days, from, to]): readonly Case[] => {
    const hours = `    hours: { zone: UTC, days: [${days}], from: "${from}", to: "${to}", mode: hold }\n`;
    return [
      {
        check: "standing-access",
        when: `its hours ${what}`,
        policy: [["    cooldown: PT4H\n", hours]],
        finds: [
          [
            "warning",
            "rules[0].duration",
            "rule `dba-short` gives `orders-admin` (critical) for 1 h at a time without approvals, a ticket or hours that bound it, and with no cooldown; set `cooldown` to PT15M or more, bound the time by `limits.perPerson.heldPer`, or ask for approvals or a ticket",
          ],
        ],
      },
      {
        check: "rule-unguarded",
        when: `its hours ${what}`,
        policy: [["    reason: { minLength: 10 }\n    cooldown: PT4H\n", hours]],
        finds: [
          [
            "error",
            "rules[0].id",
            "rule `dba-short` gives `orders-admin` (critical) without approvals, a reason of some length, a ticket or hours that bound it; ask for one of them",
          ],
        ],
      },
    ];
  }),
  ...["standing-access", "rule-unguarded"].map(
    (check): Case => ({
      check,
      when: "its hours are shut for a fifth of the week",
      policy: [
        [
          "    reason: { minLength: 10 }\n    cooldown: PT4H\n",
          '    hours: { zone: UTC, days: [mon, tue, wed, thu, fri, sat, sun], from: "04:48", to: "00:00" }\n',
        ],
      ],
      finds: [],
    }),
  ),
  {
    check: "standing-access",
    when: "the time held in a window is limited",
    policy: [
      ["default: PT30M, max: PT1H", "default: PT30M, max: PT4H"],
      ["    cooldown: PT4H\n", ""],
      ["conflicts:", "limits: { perPerson: { heldPer: { window: P5D, max: P4D } } }\nconflicts:"],
    ],
    finds: [],
  },
  {
    check: "environment-unbounded",
    when: "an environment with a critical role has no maxDuration",
    policy: [["staging: { maxDuration: PT12H }", "staging: {}"]],
    finds: [
      [
        "warning",
        "environments.staging",
        "the environment `staging` has critical roles (`orders-admin`) and no `maxDuration`; give it one",
      ],
    ],
  },
  {
    check: "environment-unbounded",
    when: "the role is of severity high",
    policy: [
      ["staging: { maxDuration: PT12H }", "staging: {}"],
      ["severity: critical", "severity: high"],
    ],
    finds: [],
  },
  ...[
    "INC-[0-9]+",
    "^INC-[0-9]+",
    "INC-[0-9]+$",
    "^INC|CHG$",
    "(^INC-1$)|CHG",
    "(?m)^INC-1$",
    "^INC-1\\\\$",
    "(^INC)?-1$",
    "[^I]NC$",
    "\\\\Q^INC$\\\\E",
  ].map(
    (pattern): Case => ({
      check: "ticket-unanchored",
      when: `a ticket matches ${pattern}`,
      policy: [['"^(INC|CHG)-[0-9]+$"', `"${pattern}"`]],
      finds: [
        [
          "warning",
          "rules[1].ticket.matches",
          `\`ticket.matches\` of rule \`dba-long\` is \`${pattern.replaceAll("\\\\", "\\")}\`, which is found inside of other texts, too; write it between \`^(?:\` and \`)$\``,
        ],
      ],
    }),
  ),
  ...[
    "^INC-1$",
    "^INC-1$|^CHG-2$",
    "(^INC|^CHG)-[0-9]+$",
    "(?i)^inc-1$",
    "(?i:^inc-1$)",
    "(?P<a>^INC)-(?:1$)",
    "\\\\AINC-1\\\\z",
    "(?m)\\\\AINC\\\\z",
    "^[])|(]$",
    "^\\\\Q|\\\\E$",
    "^(?:INC|CHG)$",
    "^[[:alpha:]|]+$",
    "^\\\\p{L}{2}$",
  ].map(
    (pattern): Case => ({
      check: "ticket-unanchored",
      when: `a ticket matches ${pattern}`,
      policy: [['"^(INC|CHG)-[0-9]+$"', `"${pattern}"`]],
      finds: [],
    }),
  ),
  {
    check: "break-glass-too-broad",
    when: "everyone may break glass",
    policy: [["breakGlass:\n  who: { jobFunctions: [sre] }", "breakGlass:\n  who: everyone"]],
    finds: [
      [
        "error",
        "breakGlass.who",
        "`breakGlass` gives `orders-admin` (critical) to everyone in the directory, without approval; name job functions or schedules in `who`",
      ],
    ],
  },
  ...(
    [
      ["medium", "warning"],
      ["low", "note"],
    ] as const
  ).map(
    ([severity, finding]): Case => ({
      check: "break-glass-too-broad",
      when: `everyone may break glass for a role of severity ${severity}`,
      policy: [
        ["breakGlass:\n  who: { jobFunctions: [sre] }", "breakGlass:\n  who: everyone"],
        ["severity: critical", `severity: ${severity}`],
      ],
      finds: [
        [
          finding,
          "breakGlass.who",
          `\`breakGlass\` gives \`orders-admin\` (${severity}) to everyone in the directory, without approval; name job functions or schedules in \`who\``,
        ],
      ],
    }),
  ),
  {
    check: "break-glass-blocked",
    when: "a deny rule doesn't say whether break-glass passes it",
    policy: [["    breakGlass: true\n", ""]],
    finds: [
      [
        "warning",
        "rules[3].id",
        "deny rule `freeze` stops break-glass, which is for `orders-admin` in `production`, too; write `breakGlass: true` to let it pass, or `false` if that is meant",
      ],
    ],
  },
  {
    check: "break-glass-blocked",
    when: "it says that it stops it",
    policy: [["    breakGlass: true\n", "    breakGlass: false\n"]],
    finds: [],
  },
  {
    check: "break-glass-blocked",
    when: "it is over",
    policy: [["    breakGlass: true\n", ""]],
    at: "2027-01-02T00:00:00Z",
    finds: [],
  },
  {
    check: "break-glass-blocked",
    when: "it denies nobody who may break glass",
    policy: [
      ["    breakGlass: true\n", ""],
      ["who: { jobFunctions: [dba, sre] }", "who: { jobFunctions: [dba] }"],
    ],
    finds: [],
  },
  {
    check: "break-glass-review",
    when: "nobody but the holder could review",
    policy: [["review: { from: { jobFunctions: [security] }", "review: { from: { jobFunctions: [sre] }"]],
    finds: [
      [
        "error",
        "breakGlass.review.from",
        "nobody but its holder could review any break-glass grant; name others in `review.from`",
      ],
    ],
  },
  {
    check: "break-glass-review",
    when: "nobody could review one of the holders",
    policy: [
      ["review: { from: { jobFunctions: [security] }", "review: { from: { jobFunctions: [sre] }"],
      ["breakGlass:\n  who: { jobFunctions: [sre] }", "breakGlass:\n  who: { jobFunctions: [sre, dba] }"],
    ],
    finds: [
      [
        "warning",
        "breakGlass.review.from",
        "nobody but its holder could review a break-glass grant of `emil@example.com`; name others in `review.from`",
      ],
    ],
  },
  {
    check: "rule-untested",
    when: "policy tests were looked at, and see too little",
    tested: { "dba-short": ["allow", "duration-too-long"], "dba-long": ["allow"], audit: ["outside-hours"] },
    finds: [
      [
        "note",
        "rules[1].id",
        "no policy test sees a request that rule `dba-long` refuses; add a case just beyond what it allows",
      ],
      [
        "warning",
        "rules[2].id",
        "no policy test sees a request that is allowed by rule `audit`; add a case that expects `rule: audit`",
      ],
      [
        "warning",
        "rules[3].id",
        "no policy test sees a request that is denied by deny rule `freeze`; add a case that expects `denied`",
      ],
      [
        "warning",
        "breakGlass",
        "no policy test sees a request that is allowed by `breakGlass`; add a case that expects `rule: breakGlass`",
      ],
    ],
  },
  {
    check: "rule-untested",
    when: "policy tests see every rule answer in both ways",
    tested: {
      "dba-short": ["allow", "duration-too-long"],
      "dba-long": ["allow", "approvals-missing"],
      audit: ["outside-hours", "allow"],
      freeze: ["denied"],
      breakGlass: ["allow", "break-glass-not-allowed"],
    },
    finds: [],
  },
  {
    check: "conflict-moot",
    when: "nobody can get both roles",
    policy: [
      ["who: { jobFunctions: [dba], people: [frank@example.com] }", "who: { jobFunctions: [dba] }"],
      ["who: { jobFunctions: [auditor], onCall: [books] }", "who: { jobFunctions: [auditor] }"],
    ],
    finds: [
      [
        "note",
        "conflicts[0]",
        "nobody can get two of `orders-admin` and `ledger-auditor`, so the conflict never applies; look whether it names the right roles",
      ],
    ],
  },
  {
    check: "deny-over",
    when: "a freeze has just ended",
    at: "2027-01-02T00:00:00Z",
    finds: [
      [
        "note",
        "rules[3].during.to",
        "deny rule `freeze` is over since 2027-01-02T00:00:00.000Z; write the next time, or take it out",
      ],
    ],
  },
  { check: "deny-over", when: "a freeze ends in a millisecond", at: "2027-01-01T23:59:59.999Z", finds: [] },
  {
    check: "job-function-empty",
    when: "nobody has a job function, also by no other",
    directory: [["jobFunctions: [auditor], ", ""]],
    finds: [
      ["note", "jobFunctions.auditor", "nobody has the job function `auditor`; give it to somebody, or take it out"],
    ],
  },
  {
    check: "job-function-empty",
    when: "people have it by another one only",
    directory: [
      ["[dba, lead]", "[dba]"],
      ["[security, lead]", "[security]"],
    ],
    finds: [],
  },
];

describe("lint", () => {
  it("when nothing is wrong, then nothing is found", () => {
    assert.deepEqual(found({}), []);
  });

  for (const { check, when, finds, ...given } of CASES) {
    it(`when ${when}, then ${check} ${finds.length > 0 ? "says so" : "says nothing"}`, () => {
      const own = found(given).filter((finding) => finding.check === check);
      assert.deepEqual(
        own.map(({ severity, path, message }) => [severity, path, message]),
        finds,
      );
    });
  }

  it("when there are findings in both documents, then those of the policy come first, each at its line and column", () => {
    const findings = found({
      policy: [
        ["    cooldown: PT4H\n", ""],
        ["default: PT30M, max: PT1H", "default: PT9H, max: PT4H"],
      ],
      directory: [["identities: { postgres: alice }", "name: Alice"]],
    });
    assert.deepEqual(
      findings.map(({ check, file, line, column, path }) => [check, file, line, column, path]),
      [
        ["standing-access", "elevation.yaml", 22, 15, "rules[0].duration"],
        ["default-refused", "elevation.yaml", 22, 26, "rules[0].duration.default"],
        ["identity-missing", "directory.yaml", 4, 22, 'people["alice@example.com"]'],
      ],
    );
  });
});

describe("the checks of lint", () => {
  it("when a check is added, then it is in the list, its file is its id, and cases find something by it in each severity", () => {
    const files = readdirSync(join(repository, "domain", "lint", "checks")).filter((file) => file !== "index.ts");
    assert.deepEqual(files.sort(), LINT_CHECKS.map(({ id }) => `${id}.ts`).sort());
    const seen = new Set(CASES.flatMap(({ check, finds }) => finds.map(([severity]) => `${check} ${severity}`)));
    const said = LINT_CHECKS.flatMap(({ id, severity }) => Object.keys(severity).map((each) => `${id} ${each}`));
    assert.deepEqual([...seen].sort(), said.sort());
    const silent = new Set(CASES.filter(({ finds }) => finds.length === 0).map(({ check }) => check));
    assert.ok(silent.size > 10);
  });

  it("when a message is written, then it is one line that says what was seen and how to mend it", () => {
    for (const { finds } of CASES) for (const [, , message] of finds) assert.match(message, /^[^\n]+; [^\n]+[^.\n]$/);
    for (const { finds, risk } of LINT_CHECKS) assert.match(`${finds}\n${risk}`, /^[^\n]+\.\n[^\n]+\.$/);
  });
});
