// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { formatInstant } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import { activate, GrantError, type Visit } from "@elevation/provider/lifecycle";
import { type Drill, type DrillOutcome, runDrill } from "@elevation/reaper";
import { inputsOfDrill } from "@elevation/reaper/drill";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aRequest, createWorld, inputsOf, type TestWorld } from "../../support/lifecycle";

/** What the canary sees: by default access as long as a grant of hers stands and its time is not over, as if somebody ended it then. */
class Canary {
  readonly #world: TestWorld;
  /** How many logins there were. */
  logins = 0;
  may: (login: number) => boolean | Error;
  enters: (login: number) => Error | null = () => null;
  /** Cuts the open sessions. */
  cut: () => void = () => undefined;

  constructor(world: TestWorld) {
    this.#world = world;
    this.may = () => this.isGranted();
  }

  isGranted(): boolean {
    return [...this.#world.target.things.values()].some(({ expiresAt = 0 }) => Date.now() < expiresAt);
  }

  async enter(): Promise<Visit> {
    const login = ++this.logins;
    const refusal = this.enters(login);
    if (refusal !== null) throw refusal;
    return {
      may: async () => {
        const may = this.may(login);
        if (may instanceof Error) throw may;
        return may;
      },
      cut: new Promise((resolve) => {
        const before = this.cut;
        this.cut = () => {
          before();
          resolve();
        };
      }),
      close: () => Promise.resolve(),
    };
  }
}

describe("a fire drill", () => {
  let world: TestWorld;
  let canary: Canary;

  beforeEach(async () => {
    const real = await createWorld(Date.now());
    world = { ...real, clock: () => Date.now() };
    world.target.now = () => Date.now();
    canary = new Canary(world);
  });
  afterEach(() => world.dispose());

  const aDrill = (changes: Partial<Drill> = {}): Drill => ({
    ...{ name: "orders", requester: "alice@example.com", role: "orders-admin", environment: "production" },
    ...{
      reason: "Fire drill",
      every: 3_600_000,
      duration: "PT1S",
      endsWithin: 300,
      longestEndsWithin: 300,
      statement: "SELECT",
    },
    enter: () => canary.enter(),
    ...changes,
  });
  const run = (drill: Drill = aDrill(), stop = new AbortController().signal) =>
    runDrill(drill, { world, judge: () => world.documents }, stop);
  const failureOf = (outcome: DrillOutcome) => {
    assert.equal(outcome.outcome, "failed");
    const { failure, reason } = outcome as Extract<DrillOutcome, { outcome: "failed" }>;
    return [failure, reason];
  };
  const typesOf = async () => (await openStore(`file:${world.journalFile}`).read()).map(({ type }) => type).slice(1);

  it("when the access comes and goes, then it passes, and nothing was ended by it", async () => {
    const outcome = await run();
    assert.equal(outcome.outcome, "passed");
    const { lateMs, grant } = outcome as Extract<DrillOutcome, { outcome: "passed" }>;
    assert.ok(lateMs >= 0 && lateMs <= 300, String(lateMs));
    assert.equal(grant.request.spec.requester, "alice@example.com");
    assert.deepEqual(await typesOf(), ["decided", "activating", "activated"]);
    assert.deepEqual(
      world.target.calls.filter((call) => call.startsWith("revoke")),
      [],
    );
  });

  it("when access goes in the session, and later by a new login, then the later of the two counts", async () => {
    let lost: number | null = null;
    canary.may = (login) => {
      if (login <= 2) return canary.isGranted();
      // Not before the session has lost it for long.
      lost ??= Date.now();
      return Date.now() < lost + 120;
    };
    const outcome = await run();
    assert.equal(outcome.outcome, "passed");
    assert.ok((outcome as Extract<DrillOutcome, { outcome: "passed" }>).lateMs >= 120);
  });

  it("when the session is cut in the last seconds, then that is an end by the target's clock, which may be ahead", async () => {
    const may = canary.may;
    let ended = false;
    canary.may = (login) => !ended && may(login);
    canary.enters = (login) => {
      if (login === 2) {
        setTimeout(() => {
          ended = true;
          canary.cut();
        }, 100);
      }
      return null;
    };
    const outcome = await run(aDrill({ duration: "PT3S" }));
    assert.equal(outcome.outcome, "passed");
    assert.ok((outcome as Extract<DrillOutcome, { outcome: "passed" }>).lateMs < 0);
  });

  it("when the session is cut long before, then nobody has seen the end", async () => {
    canary.enters = (login) => {
      if (login === 2) setTimeout(() => canary.cut(), 50);
      return null;
    };
    const [failure, reason] = failureOf(await run(aDrill({ duration: "PT1H" })));
    assert.equal(failure, "cut-early");
    assert.match(
      reason ?? "",
      /^the session was cut 59 min \d+ s before the end of the grant; see in the journal and at the server who did$/,
    );
  });

  it("when the canary has the access before, then nothing is granted", async () => {
    canary.may = () => true;
    assert.deepEqual(failureOf(await run()), [
      "already-open",
      "the probe works for alice@example.com without a grant; see who gave her what `orders-admin` gives, or write a probe that takes the role",
    ]);
    assert.deepEqual(await typesOf(), []);
  });

  it("when what was granted does not work, then that is told", async () => {
    canary.may = () => false;
    assert.deepEqual(failureOf(await run()), [
      "never-open",
      "`orders-admin` was granted to `alice` at `orders`, and the probe was refused; see whether it takes that role, and whether the canary's login is that one, at that server",
    ]);
  });

  it("when a login or the probe fails otherwise than for want of a right, then that is no refusal", async () => {
    const away = new GrantError("connection-failed", "no login was possible: away");
    canary.enters = () => away;
    assert.deepEqual(failureOf(await run()), ["login-failed", "no login was possible: away"]);
    canary.enters = () => null;
    canary.may = () => new GrantError("connection-failed", "the probe failed: no such table");
    assert.deepEqual(failureOf(await run()), ["probe-failed", "the probe failed: no such table"]);
    assert.deepEqual(await typesOf(), []);
  });

  const still = (where: string) =>
    `what \`orders-admin\` gives could still be used 300 ms after its expiry${where}; see \`elevate status\` for why it was not ended, and who else gave it to her`;
  for (const [where, may, said] of [
    ["in the open session", (login: number) => login === 2, ", in the open session"],
    ["by a new login", (login: number) => login > 2, ", by a new login"],
    ["by both", (login: number) => login > 1, ", by a new login and in the open session"],
  ] as const) {
    it(`when the access stays ${where}, then that is told when its time is over`, async () => {
      canary.may = (login) => may(login) || canary.isGranted();
      assert.deepEqual(failureOf(await run()), ["still-open", still(said)]);
    });
  }

  it("when the open session's probe fails otherwise than for want of a right, then that is no end", async () => {
    canary.may = (login) =>
      login === 2 && !canary.isGranted() ? new GrantError("connection-failed", "the probe failed") : canary.isGranted();
    assert.deepEqual(failureOf(await run()), [
      "probe-failed",
      "whether the access has ended can't be told: the probe failed",
    ]);
  });

  it("when it was there after the end, and then can't be told, then both are said", async () => {
    let looks = 0;
    canary.may = (login) =>
      canary.isGranted() || (login > 2 && (++looks === 1 || new GrantError("connection-failed", "the probe failed")));
    const outcome = await run();
    const [failure, reason] = failureOf(outcome);
    assert.equal(failure, "still-open");
    assert.match(
      reason ?? "",
      /^what `orders-admin` gives could still be used \d+ m?s after its expiry, by a new login, and since then can't be told \(the probe failed\); see `elevate status` for why it was not ended, and who else gave it to her$/,
    );
    assert.equal((outcome as Extract<DrillOutcome, { outcome: "failed" }>).lateMs, 300);
  });

  const slowFrom =
    (first: number): Drill["enter"] =>
    async () => {
      const visit = await canary.enter();
      if (canary.logins >= first) await new Promise<void>((resolve) => setTimeout(resolve, 350));
      return visit;
    };

  it("when it is seen to be gone, but too late, and never was seen, then that can't be told", async () => {
    const [untold, why] = failureOf(await run(aDrill({ enter: slowFrom(3) })));
    assert.equal(untold, "login-failed");
    assert.match(
      why ?? "",
      /^whether the access had ended 300 ms after its expiry can't be told: the first look took until \d+ ms after it$/,
    );
  });

  it("when it is seen, and then to be gone, but too late, then it was still open, and that is how late it was", async () => {
    canary.may = (login) => canary.isGranted() || login === 3;
    const outcome = await run(aDrill({ enter: slowFrom(4) }));
    const [failure, reason] = failureOf(outcome);
    assert.equal(failure, "still-open");
    assert.match(
      reason ?? "",
      /^what `orders-admin` gives could still be used \d+ m?s after its expiry, by a new login, and was not seen to be gone before \d+ ms after it; see `elevate status` for why it was not ended, and who else gave it to her$/,
    );
    const { lateMs } = outcome as Extract<DrillOutcome, { outcome: "failed" }>;
    assert.ok(lateMs !== null && lateMs >= 350, String(lateMs));
  });

  it("when no login is possible after the end, then nobody can tell, and that is told", async () => {
    canary.enters = (login) => (login > 2 ? new GrantError("connection-failed", "no login was possible: away") : null);
    assert.deepEqual(failureOf(await run()), [
      "login-failed",
      "whether the access has ended can't be told: no login was possible: away",
    ]);
  });

  it("when the policy denies her, then that is told in one line, and journaled", async () => {
    const [failure, reason] = failureOf(await run(aDrill({ requester: "mallory@example.com" })));
    assert.equal(failure, "denied");
    assert.match(reason ?? "", /^request `drill-orders-[0-9a-f]{12}` is denied: \[not-eligible\] .+$/);
    assert.deepEqual(await typesOf(), ["decided"]);
  });

  it("when policy and directory can't be read, or the target refuses, then nothing is open, and that is told", async () => {
    const setting = { world, judge: () => null };
    assert.deepEqual(failureOf(await runDrill(aDrill(), setting, new AbortController().signal)), [
      "grant-failed",
      "nothing is decided while policy and directory can't be read; mend them",
    ]);
    world.target.before = (operation) => {
      if (operation === "create") throw new Error("the server is full");
    };
    assert.deepEqual(failureOf(await run()), ["grant-failed", "the server is full"]);
    assert.deepEqual(await typesOf(), ["decided", "activating", "failed"]);
  });

  it("when it can't be told whether its grant was made, then it is told which one may be open", async () => {
    world.target.before = (operation) => {
      if (operation === "create") world.target.before = () => Promise.reject(new Error("the server is away"));
      if (operation === "create") throw new Error("the server is away");
    };
    const outcome = await run();
    assert.deepEqual(failureOf(outcome), [
      "grant-failed",
      "stuck: the activation failed (the server is away) and what was made could not be taken away (the server is away); refresh ends it",
    ]);
    const { grant } = outcome as Extract<DrillOutcome, { outcome: "failed" }>;
    assert.equal(grant?.request.spec.requester, "alice@example.com");
    assert.deepEqual((await typesOf()).slice(0, 2), ["decided", "activating"]);
  });

  it("when another drill has her elevated, then it waits, until that should have ended", async () => {
    const other = inputsOfDrill(aDrill(), Date.now(), "0123456789ab");
    const { expiresAt } = await activate(world, other);
    const end = Date.parse(expiresAt ?? "");
    assert.deepEqual(await run(), { outcome: "waits" });
    assert.equal(canary.logins, 0);
    world = { ...world, clock: () => end + 299 };
    assert.deepEqual(await run(), { outcome: "waits" });
    world = { ...world, clock: () => end + 300 };
    assert.deepEqual(await run(aDrill({ longestEndsWithin: 301 })), { outcome: "waits" });
    assert.deepEqual(failureOf(await run()), [
      "held",
      `alice@example.com holds the grant \`drill-orders-0123456789ab\`, which should have ended at ${expiresAt}; see \`elevate status\` for why it has not`,
    ]);
  });

  it("when she holds a grant that is no drill's, then that is told", async () => {
    await activate(world, inputsOfDrill(aDrill({ duration: "PT1H" }), Date.now(), "0123456789ab"));
    const requestedAt = formatInstant(Date.now() - 1000);
    const { expiresAt } = await activate(world, inputsOf(aRequest({ requestedAt })));
    assert.deepEqual(failureOf(await run()), [
      "held",
      `alice@example.com holds the grant \`alice-orders\` until ${expiresAt}, which is no drill's; leave the canary to the drills, or give them another one`,
    ]);
  });

  it("when two are at it in the same moment, then one grant is made, and the other waits", async () => {
    const outcomes = await Promise.all([run(), run()]);
    assert.deepEqual(outcomes.map(({ outcome }) => outcome).sort(), ["passed", "waits"]);
    assert.deepEqual(await typesOf(), ["decided", "activating", "activated"]);
  });

  it("when it is stopped before it granted anything, then it grants nothing; when after, then it waits for no end", async () => {
    const before = new AbortController();
    canary.enters = () => {
      before.abort();
      return null;
    };
    assert.deepEqual(await run(aDrill(), before.signal), { outcome: "stopped", grant: null });
    assert.deepEqual(await typesOf(), []);

    const amid = new AbortController();
    canary.enters = () => null;
    world.target.before = (operation) => {
      if (operation === "preflight") amid.abort();
    };
    assert.deepEqual(await run(aDrill(), amid.signal), { outcome: "stopped", grant: null });
    assert.deepEqual(await typesOf(), []);
    world.target.before = () => undefined;

    const after = new AbortController();
    canary.logins = 0;
    canary.enters = (login) => {
      if (login === 2) setTimeout(() => after.abort(), 20);
      return null;
    };
    const outcome = await run(aDrill({ duration: "PT1H" }), after.signal);
    assert.equal(outcome.outcome, "stopped");
    const { grant } = outcome as Extract<DrillOutcome, { outcome: "stopped" }>;
    assert.equal(world.target.things.size, 1);
    assert.equal(grant?.status, "active");
  });

  it("when it is stopped while its grant is made, then that is told, and nobody logs in any more", async () => {
    const stop = new AbortController();
    world.target.before = (operation) => {
      if (operation === "create") stop.abort();
    };
    const outcome = await run(aDrill({ duration: "PT1H" }), stop.signal);
    assert.equal(outcome.outcome, "stopped");
    assert.equal((outcome as Extract<DrillOutcome, { outcome: "stopped" }>).grant?.status, "active");
    assert.equal(canary.logins, 1);
    assert.deepEqual(await typesOf(), ["decided", "activating", "activated"]);
  });
});
