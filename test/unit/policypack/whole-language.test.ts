// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { digestOf, type EventData, formatInstant, type Request } from "@elevation/domain";
import { type Beat, initJournal, type JournalView, openStore } from "@elevation/journal";
import { unreviewedUses } from "@elevation/policypack/rules/break-glass-reviewed";
import { anEvent, anIntent, JOB } from "../../support/journal-events";
import { JournalFolder } from "../../support/journal-folder";
import { aRequest, START } from "../../support/lifecycle";
import { makePackFolder, type Pack, type PackConfig, startPack } from "./pack";

const HOUR = 3_600_000;

const POLICY = `
apiVersion: elevation/v1
kind: Policy
environments: { production: {} }
roles:
  orders-admin:
    targets: { production: { kind: postgres, connection: orders, role: orders_admin } }
  ledger-auditor:
    targets: { production: { kind: postgres, connection: ledger, role: ledger_auditor } }
  payroll-admin:
    targets: { production: { kind: postgres, connection: payroll, role: payroll_admin } }
  buckets-admin:
    targets: { production: { kind: aws, connection: buckets, role: buckets } }
rules:
  - id: dba
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin, ledger-auditor, buckets-admin]
    environments: [production]
    duration: { max: PT1H }
    cooldown: PT4H
  - id: payroll
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [payroll-admin]
    environments: [production]
    duration: { max: PT1H }
    approvals: { from: { jobFunctions: [support] }, count: 1 }
limits: { perRole: { orders-admin: { live: 2 }, buckets-admin: { live: 1 } } }
conflicts: [[orders-admin, ledger-auditor]]
breakGlass:
  who: { jobFunctions: [dba] }
  roles: [orders-admin]
  environments: [production]
  maxDuration: PT1H
  review: { from: { jobFunctions: [support] }, within: PT24H }
requests: { proof: none }
`;

/** The rules for what only a journal and the whole policy language can say. */
describe("the policy pack, by the whole policy language", () => {
  const STACK = { organization: "organization", project: "elevation", stack: "production" };
  const BRUNO = "bruno@example.com";
  let journal: JournalFolder;
  let documents: { folder: string; remove: () => void };

  beforeEach(async () => {
    documents = makePackFolder(POLICY);
    journal = await JournalFolder.empty();
    await initJournal(journal.store(), JOB, START - 100 * HOUR);
    // Of silence another test speaks.
    const beat: Beat = { by: "schedule", environments: null, at: START, every: 100 * HOUR, stopped: false };
    await openStore(journal.address).beats?.().say(beat);
  });
  afterEach(async () => {
    documents.remove();
    await journal.remove();
  });

  async function start(config: PackConfig = {}, now = START): Promise<Pack> {
    const env = { ELEVATION_JOURNAL: journal.address, ELEVATION_JOURNAL_ID: await journal.id() };
    return startPack(documents.folder, () => now, env, config);
  }

  /** Appends a grant's life. */
  async function hold(request: Request, from: number, endedAt?: number, rule = "dba"): Promise<void> {
    const { requester, role, environment } = request.spec;
    const intent: Partial<EventData["activating"]> = {
      ...{ ...STACK, request, requester, role, environment, rule },
      ...{ activatedAt: formatInstant(from), expiresAt: formatInstant(from + HOUR) },
    };
    const digest = digestOf(request);
    const end = endedAt === undefined ? [] : [{ cause: "expiry", endedAt: formatInstant(endedAt), sessionsEnded: 0 }];
    await journal
      .store()
      .append([
        anEvent("activating", digest, anIntent(intent)),
        anEvent("activated", digest),
        ...end.map((data) => anEvent("expired", digest, data as EventData["expired"])),
      ]);
  }

  it("when approvals are wanted, then approvals-given refuses, and nobody else", async () => {
    assert.deepEqual(await (await start()).analyze(aRequest({ role: "payroll-admin" })), [
      "mandatory approvals-given: `alice-orders` needs approvals for rule `payroll`, 1 of `support`; this version verifies no signatures, so none counts: ask whoever keeps the policy",
    ]);
  });

  it("when the person's last grant by the rule has just ended, then cooldown-over refuses up to the last millisecond", async () => {
    await hold(aRequest({}, "before"), START - 2 * HOUR, START - HOUR);
    assert.deepEqual(await (await start({}, START + 3 * HOUR - 1)).analyze(aRequest({}, "again")), [
      "mandatory cooldown-over: `again` would start at 2026-11-24T12:59:59.999Z, rule `dba` wants 4 h after the last grant of `alice@example.com` by it, which ended at 2026-11-24T09:00:00.000Z; set `startAt` to 2026-11-24T13:00:00.000Z or later",
    ]);
    assert.deepEqual(await (await start({}, START + 3 * HOUR)).analyze(aRequest({}, "again")), []);
  });

  it("when a limit is reached by live grants, then limits-kept refuses", async () => {
    await hold(aRequest({ requester: BRUNO }, "one"), START);
    const pack = await start();
    assert.deepEqual(await pack.analyze(aRequest({}, "two")), [], "two are allowed");
    await hold(aRequest({ requester: "mallory@example.com" }, "other"), START);
    assert.deepEqual(await pack.analyze(aRequest({}, "three")), [
      "mandatory limits-kept: `three` would be live grant 3 of `orders-admin` in `production`, the policy allows 2; end one, or wait until 2026-11-24T11:00:00.000Z",
    ]);
  });

  it("when the person holds an excluding role, then duties-separated refuses", async () => {
    await hold(aRequest({ role: "ledger-auditor" }, "ledger"), START);
    assert.deepEqual(await (await start()).analyze(aRequest({})), [
      "mandatory duties-separated: `alice-orders` asks for `orders-admin`, and `alice@example.com` holds `ledger-auditor` in `production` until 2026-11-24T11:00:00.000Z, which the policy keeps apart; end that grant first",
    ]);
  });

  it("when a grant is prolonged whose rule has no extensions, then extension-allowed refuses", async () => {
    const held = aRequest({}, "held");
    await hold(held, START);
    assert.deepEqual(await (await start()).analyze(aRequest({ extends: digestOf(held) }, "more")), [
      "mandatory extension-allowed: `more` prolongs a live grant, rule `dba` allows no extensions; write a new request without `extends` when it has ended",
    ]);
  });

  it("when break-glass is asked for by somebody else, or before a review, then break-glass-justified refuses", async () => {
    const pack = await start();
    const outsider = aRequest({ requester: "mallory@example.com", breakGlass: true }, "outsider");
    assert.deepEqual(await pack.analyze(outsider), [
      "mandatory break-glass-justified: `outsider` is a break-glass request and comes from `mallory@example.com`, whom `breakGlass` of the policy doesn't name; ask without it",
    ]);
    await hold(aRequest({ breakGlass: true }, "night"), START - 24 * HOUR, START - 23 * HOUR, "breakGlass");
    assert.deepEqual(await pack.analyze(aRequest({ breakGlass: true }, "again")), [
      "mandatory break-glass-justified: `again` is a break-glass request, and an earlier one of `alice@example.com` had to be reviewed by 2026-11-24T10:00:00.000Z; have it reviewed first",
    ]);
  });

  describe("break-glass-reviewed", () => {
    const ENDED =
      "BREAK-GLASS, not reviewed: by `night` `alice@example.com` held `orders-admin` in `production` from 2026-11-23T10:00:00.000Z to 2026-11-23T11:00:00.000Z";
    const LIVE =
      "BREAK-GLASS, not reviewed: by `outage` `bruno@example.com` holds `orders-admin` in `production` from 2026-11-24T10:00:00.000Z to 2026-11-24T11:00:00.000Z; have it reviewed by 2026-11-25T10:00:00.000Z";

    beforeEach(async () => {
      await hold(aRequest({ breakGlass: true }, "night"), START - 24 * HOUR, START - 23 * HOUR, "breakGlass");
      await hold(aRequest({ requester: BRUNO, breakGlass: true }, "outage"), START, undefined, "breakGlass");
      await hold(aRequest({}, "ordinary"), START);
    });

    it("when uses wait for their review, then each run shows each of them, also of a stack without Grants", async () => {
      const pack = await start();
      const shown = [
        `advisory break-glass-reviewed: ${ENDED}; the review was due at 2026-11-24T10:00:00.000Z, have it done now`,
        `advisory break-glass-reviewed: ${LIVE}`,
      ];
      assert.deepEqual(await pack.analyzeStack([]), shown);
      assert.deepEqual(await pack.analyzeStack([]), shown);
    });

    it("when a review is not due for another millisecond, then it says until when", async () => {
      const pack = await start({}, START - 1);
      const [first] = await pack.analyzeStack([]);
      assert.equal(first, `advisory break-glass-reviewed: ${ENDED}; have it reviewed by 2026-11-24T10:00:00.000Z`);
    });

    it("when the configuration shows overdue ones only, then it is silent of the others", async () => {
      const config = { "break-glass-reviewed": { show: "overdue" } };
      assert.equal((await (await start(config)).analyzeStack([])).length, 1);
      assert.deepEqual(await (await start(config, START - 1)).analyzeStack([]), []);
    });

    it("when one was reviewed, then it is shown no more", () => {
      const grant = { requester: BRUNO, role: "orders-admin", environment: "production", breakGlass: true };
      const times = { activatedAt: START, expiresAt: START + HOUR };
      const ground = (reviewed: object) => ({
        documents: null,
        view: { live: [{ ...grant, ...times, ...reviewed }], history: [] } as unknown as JournalView,
        now: START + 1,
      });
      assert.deepEqual(unreviewedUses(ground({ reviewedAt: START + 1 })), []);
      assert.equal(unreviewedUses(ground({})).length, 1);
    });
  });

  describe("grants-allowed-together", () => {
    /** The engine shows each Grant to the resource rules, then all to the stack rules. */
    async function preview(requests: readonly Request[], pack?: Pack): Promise<string[]> {
      const used = pack ?? (await start());
      const alone: string[] = [];
      for (const request of requests) {
        alone.push(...(await used.analyze(request, { urn: `urn:${request.metadata.name}` })));
      }
      assert.deepEqual(
        alone.filter((line) => !line.includes("journal-read")),
        [],
        "each is allowed alone",
      );
      return used.analyzeStack(requests.map(({ metadata }) => ({ name: metadata.name })));
    }
    const at = (time: string) => ({ requestedAt: `2026-11-24T${time}:00Z` });
    const first = aRequest({ ...at("09:00") }, "first");
    const second = aRequest({ ...at("09:01"), requester: BRUNO }, "second");

    it("when all are allowed one behind the other, then it is silent", async () => {
      assert.deepEqual(await preview([second, first]), []);
    });

    const TOO_MANY =
      "advisory grants-allowed-together: `third` is allowed alone and denied behind `first`, granted before it in the same run: `third` would be live grant 3 of `orders-admin` in `production`, the policy allows 2; end one, or wait until 2026-11-24T10:30:00.000Z";
    const third = aRequest({ ...at("09:02"), requester: BRUNO }, "third");

    it("when they pass a limit with what is live, then it names who comes too late, whatever their order", async () => {
      await hold(aRequest({ requester: "mallory@example.com" }, "live"), START);
      assert.deepEqual(await preview([third, first]), [TOO_MANY]);
      assert.deepEqual(await preview([first, third]), [TOO_MANY]);
    });

    it("when roles that exclude each other are asked for in one run, then the later is named", async () => {
      const ledger = aRequest({ ...at("09:01"), role: "ledger-auditor" }, "ledger");
      assert.deepEqual(await preview([ledger, first]), [
        "advisory grants-allowed-together: `ledger` is allowed alone and denied behind `first`, granted before it in the same run: `ledger` asks for `ledger-auditor`, and `alice@example.com` holds `orders-admin` in `production` until 2026-11-24T10:30:00.000Z, which the policy keeps apart; end that grant first",
      ]);
    });

    it("when an earlier one starts later, or is live already, then it counts for nobody twice", async () => {
      const later = aRequest({ ...at("08:00"), startAt: "2026-11-24T18:00:00Z" }, "later");
      const live = aRequest({ ...at("08:30"), requester: "mallory@example.com" }, "live");
      await hold(live, START);
      assert.deepEqual(await preview([later, live, first]), []);
    });

    it("when an earlier one can't be granted by this version, then it counts for nobody", async () => {
      const pack = await start();
      for (const name of ["cloud", "cloudy"]) {
        const found = await pack.analyze(aRequest({ role: "buckets-admin" }, name), { urn: `urn:${name}` });
        assert.match(found.join(), /^mandatory target-served: /);
      }
      assert.deepEqual(await pack.analyzeStack([{ name: "cloud" }, { name: "cloudy" }]), []);
    });

    it("when there is no journal, then what is asked for together is judged all the same", async () => {
      const pack = startPack(documents.folder, () => START);
      const more = aRequest({ ...at("09:03"), requester: BRUNO }, "more");
      const [only, ...none] = await preview([first, second, more], pack);
      assert.match(
        only ?? "",
        /^advisory grants-allowed-together: `more` .* behind `first`, `second`, granted before it/,
      );
      assert.deepEqual(none, []);
    });

    it("when one of them is denied alone, then the resource rules said so, and it counts for nobody", async () => {
      const pack = await start();
      const denied = aRequest({ ...at("08:00"), duration: "PT2H" }, "denied");
      for (const request of [denied, first, second]) {
        await pack.analyze(request, { urn: `urn:${request.metadata.name}` });
      }
      const stack = ["denied", "first", "second"].map((name) => ({ name }));
      assert.deepEqual(await pack.analyzeStack(stack), []);
    });

    it("when the process is used for another run, then it judges by that run's Grants", async () => {
      await hold(aRequest({ requester: "mallory@example.com" }, "live"), START);
      const pack = await start();
      assert.deepEqual(await preview([first, third], pack), [TOO_MANY]);
      assert.deepEqual(await preview([third], pack), []);
    });
  });

  describe("its configuration", () => {
    const journalless = (config: PackConfig) => startPack(documents.folder, () => START, {}, config);

    it("when `acceptAbsent` is set, then journal-read is silent where no journal is named, and speaks of one that can't be trusted", async () => {
      const config = { "journal-read": { acceptAbsent: true } };
      assert.deepEqual(await journalless(config).analyze(aRequest({})), []);
      assert.equal((await journalless({}).analyze(aRequest({}))).length, 1);
      const env = { ELEVATION_JOURNAL: journal.address, ELEVATION_JOURNAL_ID: "0".repeat(64) };
      const [said] = await startPack(documents.folder, () => START, env, config).analyze(aRequest({}));
      assert.match(said ?? "", /^advisory journal-read: judged as a new request, without a trusted journal \(/);
    });

    const wrong: readonly [string, PackConfig, string][] = [
      [
        "a misspelt setting",
        { "journal-read": { acceptAbsnt: true } },
        "the pack's configuration of `journal-read`: `acceptAbsnt` is no setting; did you mean `acceptAbsent`?",
      ],
      [
        "a setting of a rule that has none",
        { "time-boundary": { max: "PT8H" } },
        "the pack's configuration of `time-boundary`: `max` is no setting, only `enforcementLevel` is; remove it",
      ],
      [
        "a value of another type",
        { "journal-read": { acceptAbsent: "yes" } },
        "the pack's configuration of `journal-read`: `acceptAbsent` is not right: Invalid input: expected boolean, received string",
      ],
    ];
    for (const [what, config, message] of wrong) {
      it(`when it has ${what}, then the run fails, with the first resource of any type`, async () => {
        const stack = { type: "pulumi:pulumi:Stack" };
        await assert.rejects(journalless(config).analyze(null, stack), { message, stack: message });
      });
    }

    it("when a stack rule's is wrong, then the run fails at its end", async () => {
      await assert.rejects(journalless({ "break-glass-reviewed": { show: "none" } }).analyzeStack([]), {
        message:
          'the pack\'s configuration of `break-glass-reviewed`: `show` is not right: Invalid option: expected one of "unreviewed"|"overdue"',
      });
    });
  });
});
