// SPDX-License-Identifier: Apache-2.0
import type { Directory, Policy, Request } from "@elevation/domain";
import fc from "fast-check";

// Small worlds, in which names meet often: valid documents, requests good and bad, and instants around clock changes.

const MINUTE = 60_000;
const PEOPLE = ["ann@example.com", "ben@example.com", "cat@example.com"];
const FUNCTIONS = ["dba", "sre", "lead"];
const SCHEDULES = ["primary", "backup"];
const ROLES = ["reader", "writer"];
const ENVIRONMENTS = ["production", "staging"];
/** Around the changes of clocks in Berlin, New York and Lord Howe, a leap day, and an ordinary week. */
const ANCHORS = [
  "2026-03-29T01:00Z",
  "2026-10-25T01:00Z",
  "2026-03-08T07:00Z",
  "2026-11-01T06:00Z",
  "2026-04-04T15:00Z",
  "2026-10-03T15:30Z",
  "2028-02-29T12:00Z",
  "2026-11-24T10:00Z",
];
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];
const CLOCKS = ["00:00", "01:30", "02:00", "02:15", "02:30", "03:00", "08:00", "12:00", "20:00", "23:00"];
const DURATIONS = ["PT10S", "PT1M", "PT15M", "PT30M", "PT1H", "PT2H", "PT4H"];

export const anchor = fc.constantFrom(...ANCHORS).map((text) => Date.parse(text));
const some = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
const rarely = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const near = (center: number, minutes: number) =>
  fc.integer({ min: -minutes, max: minutes }).map((by) => center + by * MINUTE);
const text = (at: number) => new Date(at).toISOString();

/** What a document would say: fields that are undefined are absent. */
const written = <T>(value: T): T => JSON.parse(JSON.stringify(value));

const who = fc.oneof(
  { weight: 2, arbitrary: fc.constant("everyone" as const) },
  {
    weight: 3,
    arbitrary: fc
      .record({ jobFunctions: maybe(some(FUNCTIONS)), people: maybe(some(PEOPLE)), onCall: maybe(some(SCHEDULES)) })
      .filter((lists) => Object.values(lists).some((list) => list !== undefined)),
  },
);

const hours = fc.record({
  zone: fc.constantFrom(...ZONES),
  days: some(["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const),
  from: fc.constantFrom(...CLOCKS),
  to: fc.constantFrom(...CLOCKS, "24:00"),
  mode: maybe(fc.constantFrom("activate" as const, "hold" as const)),
});

const span = (center: number) =>
  fc
    .tuple(near(center, 600), fc.integer({ min: 1, max: 600 }))
    .map(([from, length]) => ({ from: text(from), to: text(from + length * MINUTE) }));

const names = (all: readonly string[]) => fc.oneof(fc.constant("*" as const), some(all));

const ordered = fc
  .tuple(fc.subarray(DURATIONS, { minLength: 1, maxLength: 3 }), maybe(fc.boolean()))
  .map(([chosen, clamp]) => {
    const [min, standard, max] =
      chosen.length === 3 ? chosen : [chosen.length === 2 ? chosen[0] : "PT10S", undefined, chosen.at(-1)];
    return { min, default: standard, max: max ?? "PT1H", clamp };
  });

/** Good as well: a `min` or a `default` above `max`, and a `max` below the least that may be asked for. */
const unordered = fc.record({
  min: maybe(fc.constantFrom(...DURATIONS)),
  default: maybe(fc.constantFrom("PT30M", "PT2H", "PT4H")),
  max: fc.constantFrom("PT10S", "PT15M", "PT1H"),
  clamp: fc.constantFrom(true, true, false, undefined),
});

const lengths = fc.oneof({ weight: 1, arbitrary: ordered }, { weight: 1, arbitrary: unordered });

/** Of a kind that is granted at, or of one that only the policy knows. */
const target = (role: string) =>
  fc.constantFrom("postgres", "postgres", "aws").map((kind) => ({ kind, connection: "main", role }));

const allow = fc.record({
  effect: fc.constant("allow" as const),
  who,
  roles: names(ROLES),
  environments: names(ENVIRONMENTS),
  duration: lengths,
  hours: maybe(hours),
  reason: rarely(
    fc.record({ minLength: maybe(fc.integer({ min: 1, max: 8 })), matches: maybe(fc.constantFrom("INC", "^ ", "x$")) }),
  ),
  ticket: rarely(fc.record({ matches: fc.constantFrom("^INC-[0-9]+$", "C") })),
});

const deny = (center: number) =>
  fc.record({
    effect: fc.constant("deny" as const),
    who,
    roles: names(ROLES),
    environments: names(ENVIRONMENTS),
    hours: fc.option(hours, { nil: undefined, freq: 3 }),
    during: maybe(span(center)),
  });

const policyNear = (center: number): fc.Arbitrary<Policy> =>
  fc
    .record({
      production: maybe(fc.constantFrom("PT30M", "PT2H")),
      reader: target("reader"),
      writer: target("writer"),
      staging: fc.option(target("one"), { nil: undefined, freq: 10 }),
      allows: fc.array(allow, { minLength: 1, maxLength: 3 }),
      denies: fc.array(deny(center), { maxLength: 2 }),
      activateWithin: maybe(fc.constantFrom("PT3H", "PT48H")),
      startWithin: maybe(fc.constantFrom("PT3H")),
    })
    .map(({ production, reader, writer, staging, allows, denies, activateWithin, startWithin }) =>
      written({
        apiVersion: "elevation/v1",
        kind: "Policy",
        environments: { production: { maxDuration: production }, staging: {} },
        roles: {
          reader: { targets: { production: reader, staging } },
          writer: { targets: { production: writer, staging } },
        },
        rules: [...denies, ...allows].map((rule, index) => ({ id: `rule-${index}`, ...rule })),
        requests: { proof: "none" },
        activateWithin,
        startWithin,
      } as Policy),
    );

const directoryNear = (center: number): fc.Arbitrary<Directory> =>
  fc
    .record({
      functions: fc.tuple(...PEOPLE.map(() => maybe(some(FUNCTIONS)))),
      logins: fc.tuple(...PEOPLE.map(() => fc.subarray(["postgres", "aws"], { minLength: 1 }))),
      leadIncludes: maybe(some(["dba", "sre"])),
      sreIncludes: maybe(fc.constant(["dba"])),
      duties: fc.tuple(
        ...SCHEDULES.map(() =>
          fc.array(fc.tuple(fc.constantFrom(...PEOPLE), span(center)), { minLength: 1, maxLength: 2 }),
        ),
      ),
    })
    .map(({ functions, logins, leadIncludes, sreIncludes, duties }) =>
      written({
        apiVersion: "elevation/v1",
        kind: "Directory",
        people: Object.fromEntries(
          PEOPLE.map((person, index) => [
            person,
            {
              jobFunctions: functions[index],
              identities: Object.fromEntries((logins[index] ?? []).map((kind) => [kind, person.slice(0, 3)])),
            },
          ]),
        ),
        jobFunctions: { dba: {}, sre: { includes: sreIncludes }, lead: { includes: leadIncludes } },
        onCall: Object.fromEntries(
          SCHEDULES.map((schedule, index) => [
            schedule,
            (duties[index] ?? []).map(([person, times]) => ({ person, ...times })),
          ]),
        ),
      } as Directory),
    );

const requestNear = (center: number): fc.Arbitrary<Request> =>
  fc
    .record({
      requester: fc.oneof(
        { weight: 30, arbitrary: fc.constantFrom(...PEOPLE) },
        { weight: 1, arbitrary: fc.constant("eve@example.com") },
      ),
      role: fc.oneof(
        { weight: 30, arbitrary: fc.constantFrom(...ROLES) },
        { weight: 1, arbitrary: fc.constant("constructor") },
      ),
      environment: fc.oneof(
        { weight: 30, arbitrary: fc.constantFrom(...ENVIRONMENTS) },
        { weight: 1, arbitrary: fc.constant("nowhere") },
      ),
      duration: maybe(fc.constantFrom(...DURATIONS)),
      requestedAt: near(center - 250 * MINUTE, 250).map(text),
      startAt: fc.option(near(center, 400).map(text), { nil: undefined, freq: 2 }),
      activateBy: fc.option(near(center + 300 * MINUTE, 300).map(text), { nil: undefined, freq: 2 }),
      reason: fc.constantFrom("INC-1 again", " x", "abc\u0085", "😀😀😀😀x", "just because"),
      ticket: maybe(fc.constantFrom("INC-1", "CHG-1", "INC-1\n")),
    })
    .map((spec) =>
      written({ apiVersion: "elevation/v1", kind: "Request", metadata: { name: "a-request" }, spec } as Request),
    );

/** A request before a judge. Instants of the documents are whole minutes, `now` is any millisecond near clock changes. */
export interface World {
  readonly policy: Policy;
  readonly directory: Directory;
  readonly request: Request;
  readonly now: number;
}

export const world: fc.Arbitrary<World> = anchor.chain((center) =>
  fc.record({
    policy: policyNear(center),
    directory: directoryNear(center),
    request: requestNear(center),
    now: fc.tuple(near(center + 100 * MINUTE, 300), fc.constantFrom(0, 0, 1, -1, 30_000)).map(([at, by]) => at + by),
  }),
);

/** Another deny rule for a policy. */
export const denyRule = anchor.chain(deny).map((rule) => written({ id: "another", ...rule }));
