// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { isDocumentError, readDirectory, readPolicy, readRequest } from "@elevation/domain";
import { DIRECTORY, edit, POLICY, REQUEST } from "./documents";

interface Row {
  readonly when: string;
  readonly kind: "Policy" | "Directory" | "Request";
  readonly file?: string;
  /** Changes to the good document of that kind. */
  readonly edits?: readonly (readonly [string, string])[];
  /** Or a whole document. */
  readonly text?: string;
  /** `line:column: message`, all of them, in order. */
  readonly problems: readonly string[];
}

const GOOD = { Policy: POLICY, Directory: DIRECTORY, Request: REQUEST };
const READ = { Policy: readPolicy, Directory: readDirectory, Request: readRequest };

const ROWS: readonly Row[] = [
  {
    when: "the file is empty",
    kind: "Request",
    text: "",
    problems: ["1:1: the file is empty; write a document into it"],
  },
  {
    when: "the file holds only a comment",
    kind: "Request",
    text: "# nothing yet\n",
    problems: ["1:1: the file holds no document; write one into it"],
  },
  {
    when: "the file has a NUL",
    kind: "Request",
    edits: [["metadata:", "\u0000metadata:"]],
    problems: ["3:1: the character U+0000 is no text; save the file as plain UTF-8 without it"],
  },
  {
    when: "bytes were no UTF-8",
    kind: "Request",
    edits: [["Rebuild", "Reb�ild"]],
    problems: ["10:14: the character U+FFFD is no text; save the file as plain UTF-8 without it"],
  },
  {
    when: "an escape makes half a character",
    kind: "Request",
    edits: [["reason: Rebuild the orders index after INC-4711", 'reason: "half \\uD83D"']],
    problems: ["10:11: `spec.reason` holds a character that is no text; take it out"],
  },
  {
    when: "a mapping is indented with a tab",
    kind: "Request",
    edits: [["  requester", "\trequester"]],
    problems: ["5:1: not YAML: a tab as indentation; use spaces"],
  },
  {
    when: "the indentation is broken",
    kind: "Request",
    edits: [["  role:", "   role:"]],
    problems: [
      "5:14: not YAML: a mapping inside of a value; put text with a colon in quotes, or align the lines below",
    ],
  },
  {
    when: "a quote is not closed",
    kind: "Request",
    edits: [["name: alice-orders }", 'name: "alice-orders }']],
    problems: ['12:1: not YAML: a closing " is missing; add it'],
  },
  {
    when: "a flow mapping is not closed",
    kind: "Request",
    edits: [["{ name: alice-orders }", "{ name: alice-orders"]],
    problems: [
      "4:1: not YAML: indentation that fits nothing around it; align it with its neighbours, or close the bracket above",
    ],
  },
  {
    when: "a text holds a colon",
    kind: "Request",
    edits: [["reason: Rebuild the", "reason: Rebuild: the"]],
    problems: [
      "10:11: not YAML: a mapping inside of a value; put text with a colon in quotes, or align the lines below",
    ],
  },
  {
    when: "two documents stand in one file",
    kind: "Request",
    text: `${REQUEST}---\n${REQUEST}`,
    problems: ["12:1: a second document begins here; one document a file"],
  },
  {
    when: "YAML 1.1 is asked for",
    kind: "Request",
    text: `%YAML 1.1\n---\n${REQUEST}`,
    problems: ["1:1: a directive (%); write plain YAML 1.2 without one"],
  },
  {
    when: "an anchor and an alias stand for values",
    kind: "Request",
    edits: [
      ["requester: alice", "requester: &me alice"],
      ["ticket: INC-4711", "ticket: *me"],
    ],
    problems: [
      "5:18: an anchor (`&me`); write the value out where it is needed",
      "11:11: an alias (`*me`); write the value out",
    ],
  },
  {
    when: "a merge key is used",
    kind: "Request",
    edits: [["metadata: { name: alice-orders }", "metadata: { <<: {}, name: alice-orders }"]],
    problems: ["3:13: a merge key (<<); write the fields out"],
  },
  {
    when: "a tag is used",
    kind: "Request",
    edits: [["ticket: INC-4711", "ticket: !!str INC-4711"]],
    problems: ["11:17: a tag (`!!str`); write a plain value"],
  },
  {
    when: "a key is a number",
    kind: "Directory",
    edits: [
      ["  sre: {}", "  7: {}"],
      ["jobFunctions: [sre]", "jobFunctions: [dba]"],
    ],
    problems: ["15:3: a key that is no text (`7`); put it in quotes"],
  },
  {
    when: "a key stands twice",
    kind: "Request",
    edits: [["  ticket: INC-4711\n", "  ticket: INC-4711\n  ticket: INC-4712\n"]],
    problems: ["12:3: the key `ticket` stands here twice; keep one"],
  },
  {
    when: "a document is nested too deep",
    kind: "Request",
    text: `a: ${"[".repeat(70)}${"]".repeat(70)}\n`,
    problems: [
      "1:1: the document lacks the field `apiVersion`; add it",
      "1:1: the document lacks the field `kind`; add it",
      "1:1: the document lacks the field `metadata`; add it",
      "1:1: the document lacks the field `spec`; add it",
      "1:1: unknown field `a`; the nearest known name is `kind`",
      "1:68: nested more than 64 deep; no document needs that",
    ],
  },
  {
    when: "the document is a list",
    kind: "Request",
    text: "- apiVersion: elevation/v1\n",
    problems: ["1:1: the document is a list, not a mapping; write one"],
  },
  {
    when: "the apiVersion is another one",
    kind: "Request",
    edits: [["elevation/v1", "elevation/v2"]],
    problems: ["1:13: `apiVersion` is `elevation/v2`, not `elevation/v1`; write that"],
  },
  {
    when: "the kind is misspelled",
    kind: "Request",
    edits: [["kind: Request", "kind: Requets"]],
    problems: ["2:7: `kind` is `Requets`, not `Request`; write that"],
  },
  {
    when: "the document is of another kind",
    kind: "Request",
    text: POLICY,
    problems: ["2:7: the document is of kind `Policy`, and a Request is wanted here; give the file of one"],
  },
  {
    when: "apiVersion and kind are missing",
    kind: "Request",
    edits: [["apiVersion: elevation/v1\nkind: Request\n", ""]],
    problems: [
      "1:1: the document lacks the field `apiVersion`; add it",
      "1:1: the document lacks the field `kind`; add it",
    ],
  },
  {
    when: "fields are unknown, one of them nearly known",
    kind: "Request",
    edits: [
      ["  duration: PT45M", "  durations: PT45M"],
      ["metadata: { name: alice-orders }", "metadata: { name: alice-orders, colour: red }"],
    ],
    problems: [
      "3:33: unknown field `metadata.colour`; the nearest known name is `name`",
      "8:3: unknown field `spec.durations`; did you mean `duration`?",
    ],
  },
  {
    when: "the required fields of a spec are missing",
    kind: "Request",
    edits: [
      ["  requester: alice@example.com\n  role: orders-admin\n  environment: production\n", ""],
      ["  requestedAt: 2026-11-24T09:00:00Z\n  reason: Rebuild the orders index after INC-4711\n", ""],
    ],
    problems: [
      "4:1: `spec` lacks the field `environment`; add it",
      "4:1: `spec` lacks the field `reason`; add it",
      "4:1: `spec` lacks the field `requestedAt`; add it",
      "4:1: `spec` lacks the field `requester`; add it",
      "4:1: `spec` lacks the field `role`; add it",
    ],
  },
  {
    when: "texts are numbers, lists and nothing",
    kind: "Request",
    edits: [
      ["role: orders-admin", "role: 7"],
      ["environment: production", "environment: [production]"],
      ["ticket: INC-4711", "ticket:"],
    ],
    problems: [
      "6:9: `spec.role` is `7`, not a text; put it in quotes",
      "7:16: `spec.environment` is a list, not a text; write one",
      "11:10: `spec.ticket` is empty, not a text; write one",
    ],
  },
  {
    when: "names and emails are out of form",
    kind: "Request",
    edits: [
      ["name: alice-orders", "name: Alice_Orders"],
      ["requester: alice@example.com", "requester: Alice@Example.com"],
      ["environment: production", 'environment: ""'],
    ],
    problems: [
      "3:19: `metadata.name` is `Alice_Orders`, not a name; use 1 to 63 of a-z, 0-9 and -",
      "5:14: `spec.requester` is `Alice@Example.com`, not a lower-case email; write it like alice@example.com",
      "7:16: `spec.environment` is an empty text, not a name; use 1 to 63 of a-z, 0-9 and -",
    ],
  },
  {
    when: "a name has 64 characters",
    kind: "Request",
    edits: [["name: alice-orders", "name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]],
    problems: [
      "3:19: `metadata.name` is `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`, not a name; use 1 to 63 of a-z, 0-9 and -",
    ],
  },
  {
    when: "a duration has no fixed length",
    kind: "Request",
    edits: [["PT45M", "P1M"]],
    problems: [
      "8:13: `spec.duration` is `P1M`, not a duration of fixed length up to 100 years; write weeks, days, hours, minutes or seconds, as in PT30M or P7D",
    ],
  },
  {
    when: "a duration is zero",
    kind: "Request",
    edits: [["PT45M", "PT0S"]],
    problems: ["8:13: `spec.duration` is `PT0S`, not above zero; write a longer one"],
  },
  {
    when: "a duration is longer than 100 years",
    kind: "Request",
    edits: [["PT45M", "P36501D"]],
    problems: [
      "8:13: `spec.duration` is `P36501D`, not a duration of fixed length up to 100 years; write weeks, days, hours, minutes or seconds, as in PT30M or P7D",
    ],
  },
  {
    when: "an instant is a local time",
    kind: "Request",
    edits: [["2026-11-24T09:00:00Z", "2026-11-24T09:00:00"]],
    problems: [
      "9:16: `spec.requestedAt` is `2026-11-24T09:00:00`, not an instant with an offset; write it like 2026-11-24T09:00:00Z or 2026-11-24T10:00:00+01:00",
    ],
  },
  {
    when: "an instant is on a day that does not exist",
    kind: "Request",
    edits: [["2026-11-24T09:00:00Z", "2026-02-29T09:00:00Z"]],
    problems: [
      "9:16: `spec.requestedAt` is `2026-02-29T09:00:00Z`, not a day and time that exist; look at the calendar",
    ],
  },
  {
    when: "a reason is only White_Space",
    kind: "Request",
    edits: [["reason: Rebuild the orders index after INC-4711", 'reason: "\\u00a0\\t\\u0085"']],
    problems: ["10:11: `spec.reason` is ` \\u{9}\\u{85}`, not a reason; say what the access is for"],
  },
  {
    when: "a digest is none",
    kind: "Request",
    edits: [["  ticket:", "  extends: sha256:abc\n  ticket:"]],
    problems: ["11:12: `spec.extends` is `sha256:abc`, not a digest; it is `sha256:` and 64 digits of 0-9 and a-f"],
  },
  {
    when: "a request is break-glass with a start and an extension",
    kind: "Request",
    edits: [
      [
        "  ticket:",
        "  breakGlass: true\n  startAt: 2026-11-24T10:00:00Z\n  extends: sha256:0000000000000000000000000000000000000000000000000000000000000000\n  ticket:",
      ],
    ],
    problems: [
      "12:3: `spec.startAt` is given in a break-glass request, which starts at once; leave it out",
      "13:3: `spec.extends` is given in a break-glass request, which prolongs nothing; leave it out",
    ],
  },
  {
    when: "a JSON file has a comment and a trailing comma",
    kind: "Request",
    file: "r.json",
    text: '{\n  // hello\n  "kind": "Request",\n}',
    problems: [
      "2:3: not JSON: a comment, which JSON does not have; take it out",
      '4:1: not JSON: a key is missing; write it like "name", and no comma after the last entry',
    ],
  },
  {
    when: "a JSON file has a key twice",
    kind: "Request",
    file: "r.json",
    text: '{\n "apiVersion": "elevation/v1",\n "kind": "Request",\n "metadata": {\n  "name": "a"\n },\n "spec": {\n  "requester": "alice@example.com",\n  "role": "r",\n  "environment": "e",\n  "role": "other",\n  "reason": "because",\n  "requestedAt": "2026-11-24T09:00:00Z"\n }\n}',
    problems: ["11:3: the key `role` stands here twice; keep one"],
  },
  {
    when: "a JSON file is YAML",
    kind: "Request",
    file: "r.json",
    text: REQUEST,
    problems: [
      "1:1: not JSON: an unknown word; text stands in double quotes",
      "1:11: not JSON: a value is missing; write one, and no comma after the last entry",
    ],
  },
  {
    when: "a JSON file has something behind its end",
    kind: "Request",
    file: "r.json",
    text: "{} {}",
    problems: ["1:4: not JSON: something stands behind the document; one document a file"],
  },
  {
    when: "maps and lists of a policy have other types",
    kind: "Policy",
    edits: [
      ["staging: {}", "staging:"],
      ["roles: [orders-admin]", "roles: orders-admin"],
      ["who: { jobFunctions: [dba] }", "who: dba"],
      ["reason: { minLength: 10 }", 'reason: { minLength: "10" }'],
      ["clamp: false", "clamp: no"],
    ],
    problems: [
      "5:11: `environments.staging` is empty, not a mapping; write one",
      "19:10: `rules[0].who` is `dba`, not somebody; write `everyone`, or a mapping with `jobFunctions`, `people` or `onCall`",
      '20:12: `rules[0].roles` is `orders-admin`, not a list; write names in brackets, as in [a, b], or "*" for all',
      "22:62: `rules[0].duration.clamp` is `no`, not `true` or `false`; write one of them",
      "23:26: `rules[0].reason.minLength` is `10`, not a number; write one without quotes",
    ],
  },
  {
    when: "lists of a policy are empty",
    kind: "Policy",
    edits: [
      ["roles: [orders-admin]", "roles: []"],
      ["who: everyone", "who: { people: [] }"],
      ["days: [mon, tue, wed, thu, fri]", "days: []"],
    ],
    problems: [
      "20:12: `rules[0].roles` is an empty list, which matches nothing; list at least 1",
      "30:41: `rules[1].hours.days` is an empty list, which matches nothing; list at least 1",
      "35:20: `rules[2].who.people` is an empty list, which matches nothing; list at least 1",
    ],
  },
  {
    when: "who is an empty mapping",
    kind: "Policy",
    edits: [["who: everyone", "who: {}"]],
    problems: [
      "35:10: `rules[2].who` is empty and matches nobody; write `everyone`, or `jobFunctions`, `people` or `onCall`",
    ],
  },
  {
    when: "who has an unknown list",
    kind: "Policy",
    edits: [["who: { jobFunctions: [dba] }", "who: { jobFunction: [dba] }"]],
    problems: ["19:12: unknown field `rules[0].who.jobFunction`; did you mean `jobFunctions`?"],
  },
  {
    when: "an effect is unknown",
    kind: "Policy",
    edits: [["effect: deny", "effect: forbid"]],
    problems: ["34:13: `rules[2].effect` is `forbid`, not `allow` or `deny`; write one of them"],
  },
  {
    when: "an effect is missing",
    kind: "Policy",
    edits: [["    effect: deny\n", ""]],
    problems: ["33:5: `rules[2]` lacks the field `effect`; add it"],
  },
  {
    when: "a deny rule has fields of an allow rule, and the other way round",
    kind: "Policy",
    edits: [
      ["    breakGlass: false", "    duration: { max: PT1H }"],
      ["    reason: { minLength: 10 }", "    during: { from: 2026-12-20T00:00:00Z, to: 2027-01-02T00:00:00Z }"],
    ],
    problems: [
      "23:5: unknown field `rules[0].during`; the nearest known name is `duration`",
      "39:5: unknown field `rules[2].duration`; the nearest known name is `during`",
    ],
  },
  {
    when: "an allow rule has no longest duration",
    kind: "Policy",
    edits: [
      ["duration: { max: PT12H }", "duration: {}"],
      ["    duration: { min: PT1M, default: PT30M, max: PT1H, clamp: false }\n", ""],
    ],
    problems: [
      "17:5: `rules[0]` lacks the field `duration`; add it",
      "28:5: `rules[1].duration` lacks the field `max`; add it",
    ],
  },
  {
    when: "counts are zero, negative and broken",
    kind: "Policy",
    edits: [
      ["minLength: 10 }", "minLength: 0 }"],
      ['minLength: 10, matches: "INC"', 'minLength: 1.5, matches: "INC"'],
    ],
    problems: [
      "23:26: `rules[0].reason.minLength` is `0`, below 1; write 1 or more",
      "31:26: `rules[1].reason.minLength` is `1.5`, not a whole number; write one",
    ],
  },
  {
    when: "an id stands twice",
    kind: "Policy",
    edits: [["id: dba-long", "id: dba-short"]],
    problems: ["24:9: `rules[1].id` is `dba-short`, the id of `rules[0]` too; write another one"],
  },
  {
    when: "hours lack what they need",
    kind: "Policy",
    edits: [
      [
        'zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "08:00", to: "20:00", mode: hold',
        "mode: activate",
      ],
    ],
    problems: [
      "30:5: `rules[1].hours` lacks the field `days`; add it",
      "30:5: `rules[1].hours` lacks the field `from`; add it",
      "30:5: `rules[1].hours` lacks the field `to`; add it",
      "30:5: `rules[1].hours` lacks the field `zone`; add it",
    ],
  },
  {
    when: "hours are out of form",
    kind: "Policy",
    edits: [
      ["zone: Europe/Berlin", "zone: Europe/Berlim"],
      ["[mon, tue", "[monday, tue"],
      ['"08:00"', '"24:00"'],
      ['"20:00"', '"8pm"'],
      ["mode: hold", "mode: keep"],
    ],
    problems: [
      "30:20: `rules[1].hours.zone` is `Europe/Berlim`, not a zone of the IANA database; write it like Europe/Berlin or UTC",
      "30:42: `rules[1].hours.days[0]` is `monday`, not `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`; write one of them",
      "30:77: `rules[1].hours.from` is `24:00`, not a clock time; write it like 08:00",
      "30:90: `rules[1].hours.to` is `8pm`, not a clock time; write it like 20:00, or 24:00 for the end of the day",
      "30:103: `rules[1].hours.mode` is `keep`, not `activate` or `hold`; write one of them",
    ],
  },
  {
    when: "a zone is an offset",
    kind: "Policy",
    edits: [["zone: Europe/Berlin", 'zone: "+01:00"']],
    problems: [
      "30:20: `rules[1].hours.zone` is `+01:00`, not a zone of the IANA database; write it like Europe/Berlin or UTC",
    ],
  },
  {
    when: "during ends before it begins",
    kind: "Policy",
    edits: [["to: 2027-01-02T00:00:00Z", "to: 2026-12-20T00:00:00Z"]],
    problems: [
      "38:47: `rules[2].during.to` is `2026-12-20T00:00:00Z`, not after `from`, `2026-12-20T00:00:00Z`; write a later instant",
    ],
  },
  {
    when: "regular expressions are none of RE2",
    kind: "Policy",
    edits: [
      ['matches: "INC"', 'matches: "(?=INC)"'],
      ["^(INC|CHG)-[0-9]+$", "^(INC"],
    ],
    problems: [
      "31:39: `rules[1].reason.matches` is `(?=INC)`, not a regular expression of RE2 (invalid or unsupported Perl syntax: '(?='); mend it",
      "32:24: `rules[1].ticket.matches` is `^(INC`, not a regular expression of RE2 (missing closing ): '^(INC'); mend it",
    ],
  },
  {
    when: "a deny rule names a role and an environment that do not exist",
    kind: "Policy",
    edits: [
      ['roles: "*"', "roles: [order-admin]"],
      ["environments: [production]\n    during", "environments: [prod]\n    during"],
    ],
    problems: [
      "36:13: `rules[2].roles[0]` names the role `order-admin`, which does not exist; did you mean `orders-admin`?",
      "37:20: `rules[2].environments[0]` names the environment `prod`, which does not exist; the nearest known name is `production`",
    ],
  },
  {
    when: "a star stands in a list",
    kind: "Policy",
    edits: [['roles: "*"', 'roles: ["*"]']],
    problems: ["36:13: `rules[2].roles[0]` is `*`, not a name; use 1 to 63 of a-z, 0-9 and -"],
  },
  {
    when: "a role has a target in an environment that does not exist",
    kind: "Policy",
    edits: [["      staging: {", "      stagging: {"]],
    problems: [
      "12:7: `roles.orders-admin.targets` names the environment `stagging`, which does not exist; did you mean `staging`?",
    ],
  },
  {
    when: "a target lacks fields, and has a name that PostgreSQL would cut",
    kind: "Policy",
    edits: [
      [
        "connection: orders-staging, role: orders_admin",
        "role: rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr",
      ],
    ],
    problems: [
      "12:7: `roles.orders-admin.targets.staging` lacks the field `connection`; add it",
      "12:40: `roles.orders-admin.targets.staging.role` has 64 bytes, PostgreSQL keeps 63; write a shorter name",
    ],
  },
  {
    when: "a role at a target has a line break, a severity is unknown",
    kind: "Policy",
    edits: [
      ["orders-production, role: orders_admin", 'orders-production, role: "two\\nlines"'],
      ["critical", "extreme"],
    ],
    problems: [
      "9:15: `roles.orders-admin.severity` is `extreme`, not `low`, `medium`, `high` or `critical`; write one of them",
      "11:74: `roles.orders-admin.targets.production.role` is `two\\u{a}lines`, not one line of printable text; take the control characters and line breaks out",
    ],
  },
  {
    when: "limits and conflicts name roles that do not exist",
    kind: "Policy",
    text: `${POLICY}limits: { perRole: { order-admin: { live: 3 } } }\nconflicts: [[orders-admin, orders-admin, auditor]]\n`,
    problems: [
      "43:22: `limits.perRole` names the role `order-admin`, which does not exist; did you mean `orders-admin`?",
      "44:28: `conflicts[0][1]` is `orders-admin`, which stands in the list already; name each role once",
      "44:42: `conflicts[0][2]` names the role `auditor`, which does not exist; the nearest known name is `ledger-auditor`",
    ],
  },
  {
    when: "a conflict has one role, a limit is zero",
    kind: "Policy",
    text: `${POLICY}limits: { perPerson: { live: 0 } }\nconflicts: [[orders-admin]]\n`,
    problems: [
      "43:30: `limits.perPerson.live` is `0`, below 1; write 1 or more",
      "44:13: `conflicts[0]` is a list, shorter than 2; list at least 2",
    ],
  },
  {
    when: "approvals are out of form",
    kind: "Policy",
    edits: [
      [
        "    reason: { minLength: 10 }",
        "    approvals: { all: [{ from: everyone, count: 0 }, { any: [] }, { from: everybody, count: 1 }, { count: 1 }] }",
      ],
    ],
    problems: [
      "23:49: `rules[0].approvals.all[0].count` is `0`, below 1; write 1 or more",
      "23:61: `rules[0].approvals.all[1].any` is an empty list, which matches nothing; list at least 1",
      "23:75: `rules[0].approvals.all[2].from` is `everybody`, not somebody; write `everyone`, or a mapping with `jobFunctions`, `people` or `onCall`",
      "23:98: `rules[0].approvals.all[3]` lacks the field `from`; add it",
    ],
  },
  {
    when: "a policy says nothing of its requests, but names an unknown proof",
    kind: "Policy",
    edits: [["proof: none", "proof: hope"]],
    problems: ["40:20: `requests.proof` is `hope`, not `signature`, `author` or `none`; write one of them"],
  },
  {
    when: "an email of the directory has upper case, a person has an unknown field",
    kind: "Directory",
    edits: [["  bob@example.com:\n    jobFunctions", "  Bob@example.com:\n    jobFunction"]],
    problems: [
      "8:3: the key `Bob@example.com` in `people` is not a lower-case email; write it like alice@example.com",
      "18:17: `onCall.orders[0].person` names the person `bob@example.com`, who does not exist; did you mean `Bob@example.com`?",
    ],
  },
  {
    when: "people have job functions that do not exist",
    kind: "Directory",
    edits: [["jobFunctions: [sre]", "jobFunctions: [sree]"]],
    problems: [
      '9:20: `people["bob@example.com"].jobFunctions[0]` names the job function `sree`, which does not exist; did you mean `sre`?',
    ],
  },
  {
    when: "job functions include each other, themselves and unknown ones",
    kind: "Directory",
    edits: [
      ["dba-lead: {}", "dba-lead: { includes: [dba, sra] }"],
      ["sre: {}", "sre: { includes: [sre] }"],
    ],
    problems: [
      "14:26: `jobFunctions.dba-lead.includes[0]` closes a cycle of `dba` and `dba-lead`; a job function never includes itself, leave it out",
      "14:31: `jobFunctions.dba-lead.includes[1]` names the job function `sra`, which does not exist; did you mean `sre`?",
      "15:21: `jobFunctions.sre.includes[0]` closes a cycle of `sre`; a job function never includes itself, leave it out",
    ],
  },
  {
    when: "a schedule names a person who does not exist and ends before it begins",
    kind: "Directory",
    edits: [
      ["person: bob@", "person: rob@"],
      ["to: 2026-11-30", "to: 2026-11-20"],
    ],
    problems: [
      "18:17: `onCall.orders[0].person` names the person `rob@example.com`, who does not exist; did you mean `bob@example.com`?",
      "18:66: `onCall.orders[0].to` is `2026-11-20T00:00:00Z`, not after `from`, `2026-11-23T00:00:00Z`; write a later instant",
    ],
  },
  {
    when: "a schedule is empty",
    kind: "Directory",
    edits: [
      [
        "orders:\n    - { person: bob@example.com, from: 2026-11-23T00:00:00Z, to: 2026-11-30T00:00:00Z }",
        "orders: []",
      ],
    ],
    problems: ["17:11: `onCall.orders` is an empty list, which matches nothing; list at least 1"],
  },
  {
    when: "two people have one login",
    kind: "Directory",
    edits: [["identities: { postgres: bob }", "identities: { postgres: alice, github: alice }"]],
    problems: [
      '10:29: `people["bob@example.com"].identities.postgres` is `alice`, the login of `alice@example.com` too; one login belongs to one person',
    ],
  },
  {
    when: "a login has a control character and is too long for PostgreSQL",
    kind: "Directory",
    edits: [
      ["postgres: alice,", 'postgres: "ali\\u001bce",'],
      ["postgres: bob", "postgres: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"],
    ],
    problems: [
      '7:29: `people["alice@example.com"].identities.postgres` is `ali\\u{1b}ce`, not one line of printable text; take the control characters and line breaks out',
      '10:29: `people["bob@example.com"].identities.postgres` has 64 bytes, PostgreSQL keeps 63; write a shorter name',
    ],
  },
  {
    when: "a seal is no key, a login is empty",
    kind: "Directory",
    edits: [["carol@example.com: {}", "carol@example.com: { seal: ssh-ed25519 AAAA, identities: { aws: '' } }"]],
    problems: [
      '11:30: `people["carol@example.com"].seal` is `ssh-ed25519 AAAA`, not an age public key; it begins with age1',
      '11:67: `people["carol@example.com"].identities.aws` is an empty text, not a text; write something or leave the field out',
    ],
  },
  {
    when: "a key is __proto__",
    kind: "Directory",
    edits: [["carol@example.com: {}", "__proto__: { jobFunctions: [dba] }"]],
    problems: ["11:3: the key `__proto__` is no name; take it out"],
  },
];

describe("malformed documents", () => {
  for (const [kind, text] of Object.entries(GOOD)) {
    it(`when nothing is wrong, then a ${kind} is read`, () => {
      assert.doesNotThrow(() => READ[kind as Row["kind"]]({ file: "good.yaml", text }));
    });
  }

  for (const row of ROWS) {
    it(`when ${row.when}, then all that is wrong is said, with its place and its fix`, () => {
      const file = row.file ?? "d.yaml";
      const text = row.text ?? edit(GOOD[row.kind], ...(row.edits ?? []));
      const problems = row.problems.map((problem) => `${file}:${problem}`);
      assert.deepEqual(messagesOf(row.kind, { file, text }), problems);
    });
  }
});

function messagesOf(kind: Row["kind"], source: { file: string; text: string }): string[] {
  try {
    READ[kind](source);
    return [];
  } catch (e) {
    if (!isDocumentError(e)) throw e;
    return e.message.split("\n");
  }
}
