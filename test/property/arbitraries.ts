// SPDX-License-Identifier: Apache-2.0
import type { Approval, Directory, EndedGrant, LiveGrant, Policy, Proof, Request } from "@elevation/domain";
import type fc from "fast-check";
import { MINUTE, windowsAround } from "../differential/calendar";
import { type AllowRule, duration, ms, type Rule, type Who } from "../differential/terms";
import type { Given, World, Written } from "../differential/world";
import { type Dice, made } from "./dice";
import { smallerWorlds } from "./shrink";

// Small worlds, in which names meet often: valid documents of all that the language has, requests good and bad, and instants around
// clock changes and at the edges of whatever the documents say. Instants of the documents are whole minutes; `now`, grants and
// approvals are at any millisecond.

const PEOPLE = ["ann@example.com", "ben@example.com", "cat@example.com", "dan@example.com", "eve@example.com"];
const STRANGER = "zoe@example.com";
const FUNCTIONS = ["dba", "sre", "lead"];
const SCHEDULES = ["primary", "backup"];
const ROLES = ["reader", "writer", "admin"];
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
].map(ms);
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];
const CLOCKS = ["00:00", "01:30", "02:00", "02:15", "02:30", "03:00", "08:07", "12:00", "20:00", "23:00"];
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const DURATIONS = ["PT10S", "PT1M", "PT15M", "PT30M", "PT1H", "PT2H", "PT4H"];
const DIGESTS = ["a", "b", "c", "d"].map((digit) => `sha256:${digit.repeat(64)}`);

const text = (at: number) => new Date(at).toISOString();
/** What a document would say: fields that are undefined are absent. */
const written = <T>(value: unknown): T => JSON.parse(JSON.stringify(value)) as T;

/** What a world is mostly about: the rest of it is then mostly in order, so that answers turn on that. */
const THEMES = [
  "hours",
  "deny",
  "reason",
  "ticket",
  "cooldown",
  "approvals",
  "extension",
  "extension",
  "limits",
  "conflicts",
  "breakGlass",
  "start",
] as const;
type Theme = (typeof THEMES)[number];

/** Makes one world, and remembers the instants at which something in it changes. */
class Maker {
  private readonly dice: Dice;
  private readonly center: number;
  /** Null: of everything a little. */
  private readonly theme: Theme | null;
  /** Instants that meet something: others are put there too. */
  private readonly marks: number[];
  /** Those of the theme. */
  private readonly themed: number[] = [];

  constructor(dice: Dice) {
    this.dice = dice;
    this.center = dice.pick(ANCHORS);
    this.theme = dice.chance(25) ? null : dice.pick(THEMES);
    this.marks = [this.center, this.center + 2 * 60 * MINUTE];
  }

  /** In how many of a hundred worlds there is something, by its theme. */
  private odds(theme: Theme, percent: number): number {
    if (this.theme === null) return percent;
    return this.theme === theme ? 85 : Math.ceil(percent / 5);
  }

  /** The same for something that is in the way of every theme. */
  private odd(percent: number): number {
    return this.theme === null ? percent : Math.ceil(percent / 4);
  }

  world(): World {
    const { dice } = this;
    const requestedAt = this.minute(-240, 120);
    this.mark(null, requestedAt);
    const isBreakGlass = dice.chance(this.odds("breakGlass", 15));
    const requester = dice.chance(this.odd(8)) ? STRANGER : dice.pick(PEOPLE);
    const role = dice.chance(this.odd(6)) ? "constructor" : dice.pick(ROLES);
    const environment = dice.chance(this.odd(6)) ? "nowhere" : dice.pick(["production", "production", "staging"]);
    const directory = this.directory();
    const policy = this.policy();
    const ids = policy.rules.map(({ id }) => id);
    let live = dice.many(0, dice.pick([0, 2, 4]), (index) => this.liveGrant(requester, ids, index));
    let history = dice.many(0, dice.pick([0, 2, 4]), () => this.endedGrant(requester, policy));
    const prolonged = dice.pick(DIGESTS);
    const isExtension = !isBreakGlass && dice.chance(this.odds("extension", 20));
    if (isExtension) {
      live = live.map((grant) => {
        return grant.request === prolonged ? this.prolongable(grant, { requester, role, environment }) : grant;
      });
      if (!live.some(({ request }) => request === prolonged) && dice.chance(90)) {
        const grant = this.liveGrant(requester, ids, DIGESTS.indexOf(prolonged));
        live.push(this.prolongable(grant, { requester, role, environment }));
      }
    }
    const spec = {
      requester,
      role,
      environment,
      duration: dice.maybe(60, () => dice.pick([...DURATIONS, "PT30M", "PT1H"])),
      requestedAt: text(requestedAt),
      startAt:
        isBreakGlass || isExtension
          ? undefined
          : dice.maybe(this.odds("start", 30), () => text(this.start(requestedAt, policy))),
      activateBy: dice.maybe(this.odds("start", 10) / 2, () => text(this.edge(0, 400))),
      reason: dice.pick(["INC-1 again", "INC-1 again", "INC-1 again", " x", "abc\u0085", "😀😀😀😀x", "just because"]),
      ticket: dice.maybe(70, () => dice.pick(["INC-1", "INC-1", "CHG-1", "INC-1\n"])),
      breakGlass: isBreakGlass ? true : dice.maybe(10, () => false),
      extends: isExtension ? prolonged : undefined,
    };
    const request = written<Request>({
      apiVersion: "elevation/v1",
      kind: "Request",
      metadata: { name: "a-request" },
      spec,
    });
    this.markRequest(policy, request);
    const approvals = dice.chance(this.odd(4))
      ? null
      : PEOPLE.flatMap((person) => this.verdicts(person, policy, requestedAt));
    const now = this.now(requestedAt);
    live = live.filter(({ activatedAt }) => activatedAt <= now);
    history = history.filter(({ endedAt }) => endedAt <= now);
    const again = dice.int(1, 100);
    if (again <= 3 && live[0] !== undefined) live[0] = { ...live[0], request: "this" };
    if (again >= 3 && again <= 5 && history[0] !== undefined) history[0] = { ...history[0], request: "this" };
    return written<World>({
      policy,
      directory,
      request,
      now,
      proof: this.proof(requester, spec),
      approvals,
      live,
      history,
    });
  }

  denyRule(): Rule {
    return written<Rule>({ id: "another", ...this.deny() });
  }

  private now(requestedAt: number): number {
    const { dice } = this;
    const hours = this.theme === "extension" ? 6 : 20;
    const isNear = (at: number) => at >= requestedAt && at < requestedAt + hours * 60 * MINUTE;
    const marks = [this.marks, this.marks, this.themed, this.themed, this.themed, this.themed]
      .map((some) => some.filter(isNear))
      .filter((some) => some.length > 0);
    const beside = dice.pick([0, 0, 0, 1, -1, 30_000]);
    if (marks.length > 0 && dice.chance(80)) {
      const early = this.theme === "extension" && dice.chance(50) ? dice.int(1, 40) * MINUTE : 0;
      return dice.pick(dice.pick(marks)) + beside - early;
    }
    return beside + (dice.chance(93) ? requestedAt + dice.int(0, 300) * MINUTE : this.minute(-300, 900));
  }

  private proof(requester: string, { breakGlass }: { breakGlass: boolean | undefined }): Proof | null {
    const { dice } = this;
    if (dice.chance(this.odd(5))) return null;
    const by = dice.chance(this.odd(breakGlass === true ? 4 : 30)) ? dice.pick(PEOPLE) : requester;
    return { by, how: dice.chance(100 - this.odd(12)) ? "signature" : "author" };
  }

  private mark(theme: Theme | null, ...instants: number[]): void {
    this.marks.push(...instants);
    if (theme !== null && theme === this.theme) this.themed.push(...instants);
  }

  private start(requestedAt: number, { startWithin }: Policy): number {
    if (startWithin !== undefined && this.dice.chance(25)) return requestedAt + duration(startWithin);
    return this.edge(-120, 300);
  }

  private minute(from: number, to: number): number {
    return this.center + this.dice.int(from, to) * MINUTE;
  }

  /** A whole minute; often one at which something else changes. */
  private edge(from: number, to: number): number {
    const at = this.dice.chance(50)
      ? this.dice.pick(this.themed.length > 0 && this.dice.chance(70) ? this.themed : this.marks)
      : this.minute(from, to);
    return Math.floor(at / MINUTE) * MINUTE;
  }

  /** A whole minute, or a millisecond beside it. */
  private instant(from: number, to: number): number {
    return this.edge(from, to) + this.dice.pick([0, 0, 0, 0, 0, 1, -1]);
  }

  private span(theme: Theme | null): { from: string; to: string } {
    const from = this.edge(-300, 300);
    const to = this.dice.chance(30)
      ? Math.max(from + MINUTE, this.edge(0, 300))
      : from + this.dice.int(1, 400) * MINUTE;
    this.mark(theme, from, to, from - 5 * MINUTE, from - 20 * MINUTE);
    return { from: text(from), to: text(to) };
  }

  private who(everyone = this.theme === null ? 45 : 75): Who {
    const { dice } = this;
    if (dice.chance(everyone)) return "everyone";
    const lists = {
      jobFunctions: dice.maybe(60, () => dice.some(FUNCTIONS)),
      people: dice.maybe(35, () => dice.some(PEOPLE)),
      onCall: dice.maybe(35, () => dice.some(SCHEDULES)),
    };
    if (Object.values(lists).every((list) => list === undefined)) return { people: dice.some(PEOPLE) };
    return lists as Who;
  }

  /** Nobody that a schedule says: the instant of who may ask for an extension is left open by the contract. */
  private askers(): Who {
    const { dice } = this;
    return dice.chance(40)
      ? "everyone"
      : dice.chance(50)
        ? { jobFunctions: dice.some(FUNCTIONS) }
        : { people: dice.some(PEOPLE) };
  }

  private hours(): Rule["hours"] {
    const { dice } = this;
    const hours = {
      zone: dice.pick(ZONES),
      days: dice.chance(50) ? [...DAYS] : dice.some(DAYS),
      from: dice.pick(CLOCKS),
      to: dice.pick([...CLOCKS, "24:00"]),
      mode: dice.maybe(this.theme === null ? 65 : 85, () => dice.pick(["activate", "hold", "hold"] as const)),
    };
    for (const { from, to } of windowsAround(hours, this.center))
      this.mark(this.theme === "extension" ? "extension" : "hours", from, to, to - 5 * MINUTE, to - 20 * MINUTE);
    return hours;
  }

  private approvals(depth: number): AllowRule["approvals"] {
    const { dice } = this;
    if (depth === 0 || dice.chance(55)) {
      return {
        from: this.who(40),
        count: dice.pick([1, 1, 1, 2, 3]),
        imported: dice.maybe(40, () => dice.chance(75)),
      };
    }
    const branches = dice.many(1, 3, () => this.approvals(depth - 1)) as NonNullable<AllowRule["approvals"]>[];
    return dice.chance(50) ? { all: branches } : { any: branches };
  }

  private lengths(): AllowRule["duration"] {
    const { dice } = this;
    return {
      min: dice.maybe(this.odd(40), () => dice.pick(DURATIONS.slice(0, 5))),
      default: dice.maybe(40, () => dice.pick(DURATIONS)),
      max: dice.chance(this.odd(60)) ? dice.pick(DURATIONS) : dice.pick(["PT1H", "PT2H", "PT4H"]),
      clamp: dice.maybe(60, () => dice.chance(70)),
    };
  }

  private reason(percent: number): AllowRule["reason"] {
    const { dice } = this;
    return dice.maybe(percent, () => ({
      minLength: dice.maybe(70, () => dice.int(1, 8)),
      matches: dice.maybe(30, () => dice.pick(["INC", "^ ", "x$"])),
    }));
  }

  private scope(): { who: Who; roles: "*" | string[]; environments: "*" | string[] } {
    const { dice } = this;
    return {
      who: this.who(),
      roles: dice.chance(this.theme === null ? 40 : 75) ? "*" : dice.some(ROLES),
      environments: dice.chance(this.theme === null ? 50 : 80) ? "*" : dice.some(ENVIRONMENTS),
    };
  }

  private allow(): object {
    const { dice } = this;
    return {
      effect: "allow",
      ...this.scope(),
      duration: this.lengths(),
      hours: dice.maybe(this.theme === "extension" ? 40 : this.odds("hours", 30), () => this.hours()),
      reason: this.reason(this.odds("reason", 20)),
      ticket: dice.maybe(this.odds("ticket", 20), () => ({ matches: dice.pick(["^INC-[0-9]+$", "C"]) })),
      cooldown: dice.maybe(this.odds("cooldown", 40), () => dice.pick(["PT15M", "PT1H", "PT4H"])),
      approvals: dice.maybe(this.odds("approvals", 40), () => this.approvals(2)),
      approvalsValidFor: dice.maybe(40, () => dice.pick(["PT30M", "PT1H", "PT4H"])),
      extensions: dice.maybe(65, () => ({ max: dice.int(1, 3), upTo: dice.pick(["PT30M", "PT1H", "PT4H"]) })),
      onBehalf: dice.maybe(35, () => this.askers()),
    };
  }

  private deny(): object {
    const { dice } = this;
    return {
      effect: "deny",
      ...this.scope(),
      hours: dice.maybe(35, () => this.hours()),
      during: dice.maybe(70, () => this.span("deny")),
      breakGlass: dice.maybe(50, () => dice.chance(80)),
    };
  }

  /** By one of the rules of a themed world everybody may ask for everything. */
  private rules(): object[] {
    const { dice } = this;
    const isDeny = this.odds("deny", 22) / (this.theme === "deny" ? 2 : 1);
    const least = this.theme === "cooldown" ? 0 : 1;
    const rules = dice.many(least, dice.pick([1, 2, 3, 6]) * least, () =>
      dice.chance(isDeny) ? this.deny() : this.allow(),
    );
    if (this.theme !== null)
      rules.splice(dice.int(0, 1), 0, { ...this.allow(), who: "everyone", roles: "*", environments: "*" });
    return rules.slice(0, 6).map((rule, index) => ({ id: `rule-${index}`, ...rule }));
  }

  private target(role: string): object {
    return { kind: this.dice.pick(["postgres", "postgres", "postgres", "aws"]), connection: "main", role };
  }

  private policy(): Policy {
    const { dice } = this;
    const roles = Object.fromEntries(
      ROLES.map((role) => [
        role,
        {
          maxOutlive: dice.maybe(15, () => "PT0S"),
          targets: { production: this.target(role), staging: dice.maybe(100 - this.odd(8), () => this.target(role)) },
        },
      ]),
    );
    return written<Policy>({
      apiVersion: "elevation/v1",
      kind: "Policy",
      environments: {
        production: { maxDuration: dice.maybe(this.odd(30), () => dice.pick(["PT30M", "PT2H"])) },
        staging: {},
      },
      roles,
      rules: this.rules(),
      limits: dice.maybe(this.odds("limits", 50), () => ({
        perPerson: dice.maybe(75, () => ({
          live: dice.maybe(50, () => dice.int(1, 3)),
          heldPer: dice.maybe(65, () => ({
            window: dice.pick(["PT1H", "PT4H", "P1D", "P1W"]),
            max: dice.pick(["PT15M", "PT30M", "PT1H", "PT2H", "PT4H"]),
          })),
        })),
        perRole: dice.maybe(60, () =>
          Object.fromEntries(dice.some(ROLES).map((role) => [role, { live: dice.int(1, 3) }])),
        ),
      })),
      conflicts: dice.maybe(this.odds("conflicts", 35), () =>
        dice.many(1, 2, () => dice.pick([ROLES, ROLES.slice(0, 2), ROLES.slice(1)])),
      ),
      breakGlass: dice.maybe(80, () => ({
        ...this.scope(),
        maxDuration: dice.pick(["PT15M", "PT1H", "PT4H"]),
        reason: this.reason(30),
        review: { from: this.who(), within: dice.pick(["PT1H", "PT4H", "P1D"]) },
        unreviewed: dice.maybe(50, () => dice.int(1, 3)),
      })),
      requests: dice.maybe(75, () => ({
        proof: dice.maybe(85, () => dice.pick(["none", "none", "signature", "author"])),
      })),
      activateWithin: dice.maybe(this.odds("start", 30), () => dice.pick(["PT3H", "PT48H"])),
      startWithin: dice.maybe(this.odds("start", 25), () => "PT3H"),
    });
  }

  private directory(): Directory {
    const { dice } = this;
    const person = (email: string) => ({
      jobFunctions: dice.maybe(70, () => dice.some(FUNCTIONS)),
      identities: dice.maybe(100 - this.odd(5), () => ({
        postgres: dice.maybe(100 - this.odd(7), () => email.slice(0, 3)),
        aws: dice.maybe(100 - this.odd(15), () => email.slice(0, 3)),
      })),
    });
    return written<Directory>({
      apiVersion: "elevation/v1",
      kind: "Directory",
      people: Object.fromEntries(PEOPLE.map((email) => [email, person(email)])),
      jobFunctions: {
        dba: {},
        sre: { includes: dice.maybe(50, () => ["dba"]) },
        lead: { includes: dice.maybe(50, () => dice.some(["dba", "sre"])) },
      },
      onCall: Object.fromEntries(
        SCHEDULES.map((schedule) => [
          schedule,
          dice.many(1, 3, () => ({ person: dice.pick(PEOPLE), ...this.span("approvals") })),
        ]),
      ),
    });
  }

  private liveGrant(requester: string, rules: readonly string[], index: number): Written<LiveGrant> {
    const { dice } = this;
    const expiresAt = this.theme === "extension" ? this.instant(30, 360) : this.instant(-30, 240);
    const activatedAt = expiresAt - dice.pick([15, 30, 60, 120, 240]) * MINUTE - dice.pick([0, 0, 0, 1]);
    const isBreakGlass = dice.chance(this.odds("breakGlass", 20));
    this.mark("extension", expiresAt);
    return {
      ...this.grant(requester, isBreakGlass, rules, activatedAt, expiresAt),
      ...(dice.chance(40) ? { extensions: dice.int(1, 3) } : {}),
      request: DIGESTS[index] as string,
    };
  }

  /** Mostly a grant that such a request may prolong. */
  private prolongable(grant: Written<LiveGrant>, same: Partial<LiveGrant>): Written<LiveGrant> {
    const fields = Object.entries({ ...same, breakGlass: !this.dice.chance(94) }).filter(() => this.dice.chance(93));
    return { ...grant, ...Object.fromEntries(fields) };
  }

  private endedGrant(requester: string, { rules, breakGlass }: Policy): Written<EndedGrant> {
    const { dice } = this;
    const endedAt = this.theme === "cooldown" ? this.minute(-240, 0) + dice.pick([0, 0, 1]) : this.instant(-400, 60);
    const activatedAt = endedAt - dice.pick([15, 30, 60, 120]) * MINUTE;
    const isBreakGlass = dice.chance(this.odds("breakGlass", 25));
    const expiresAt = endedAt + dice.pick([0, 0, 30]) * MINUTE;
    const cooling = rules.filter((rule) => rule.effect === "allow" && rule.cooldown !== undefined);
    const from = cooling.length > 0 && dice.chance(80) ? cooling : rules;
    const grant = this.grant(
      requester,
      isBreakGlass,
      from.map(({ id }) => id),
      activatedAt,
      expiresAt,
    );
    const rule = rules.find(({ id }) => id === grant.rule);
    if (rule?.effect === "allow" && rule.cooldown !== undefined)
      this.mark("cooldown", endedAt + duration(rule.cooldown));
    if (breakGlass !== undefined && isBreakGlass)
      this.mark("breakGlass", activatedAt + duration(breakGlass.review.within));
    return { ...grant, endedAt };
  }

  private grant(
    requester: string,
    isBreakGlass: boolean,
    rules: readonly string[],
    activatedAt: number,
    expiresAt: number,
  ): Written<LiveGrant> {
    const { dice } = this;
    const rule = isBreakGlass ? "breakGlass" : dice.maybe(90, () => dice.pick(rules));
    return {
      requester: dice.chance(this.theme === null ? 65 : 85) ? requester : dice.pick(PEOPLE),
      role: dice.pick(ROLES),
      environment: dice.pick(ENVIRONMENTS),
      activatedAt,
      expiresAt,
      ...(rule === undefined ? {} : { rule }),
      ...(isBreakGlass ? { breakGlass: true, ...(dice.chance(40) ? { reviewedAt: expiresAt } : {}) } : {}),
    };
  }

  private verdicts(approver: string, { rules }: Policy, requestedAt: number): Given[] {
    const { dice } = this;
    const said = dice.many(dice.chance(70) ? 1 : 0, dice.pick([1, 1, 2, 3]), (): Given => {
      const at = dice.chance(20) ? requestedAt + dice.pick([0, -1, 1]) : requestedAt + dice.int(0, 200) * MINUTE;
      const meaning = dice.maybe(30, () => dice.pick(["today", "today", "today", DIGESTS[0] as string]));
      const upTo = dice.maybe(25, () => duration(dice.pick(DURATIONS.slice(2))));
      this.mark(null, at);
      for (const rule of rules) {
        if (rule.effect === "allow" && rule.approvalsValidFor !== undefined && dice.chance(30)) {
          this.mark("approvals", at + duration(rule.approvalsValidFor));
        }
      }
      const verdict: Approval["verdict"] = dice.chance(93) ? "approve" : "reject";
      return {
        approver,
        verdict,
        at,
        ...(meaning === undefined ? {} : { role: meaning }),
        ...(upTo === undefined ? {} : { upTo }),
        ...(dice.chance(18) ? { imported: dice.chance(80) } : {}),
      };
    });
    const [first, second] = said;
    if (first === undefined || second === undefined || !dice.chance(40)) return said;
    return [first, { ...second, at: first.at, verdict: dice.pick(["approve", "reject"]) }];
  }

  private markRequest(policy: Policy, { spec }: Request): void {
    const [asked, start] = [ms(spec.requestedAt), ms(spec.startAt ?? spec.requestedAt)];
    this.mark("start", start, Math.max(asked, start) + duration(policy.activateWithin ?? "PT24H"));
    if (spec.activateBy !== undefined) this.mark("start", ms(spec.activateBy));
  }
}

export const world: fc.Arbitrary<World> = made((dice) => new Maker(dice).world(), smallerWorlds);

/** Another deny rule for a policy. */
export const denyRule: fc.Arbitrary<Rule> = made((dice) => new Maker(dice).denyRule());
