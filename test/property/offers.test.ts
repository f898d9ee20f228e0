// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  type Decision,
  decide,
  formatDuration,
  formatInstant,
  likePeople,
  type Offer,
  offersOf,
  type Request,
} from "@elevation/domain";
import fc from "fast-check";
import { type RichWorld, richWorld } from "./rich-world";

const RUNS = { numRuns: 1000 };
/** Meets every demand of reason and ticket that the worlds know. */
const GOOD = { reason: ` INC-1 ${"again ".repeat(8)}x`, ticket: "INC-1" };

function offers({ directory, history, live, now, policy, request }: RichWorld): readonly Offer[] {
  const { environment, requester: person, role } = request.spec;
  return offersOf(policy, directory, { person, role, environment, at: now, live, history });
}

/** Judges another spec, asked for now by the requester, approved by everybody who is given. */
function judged(
  { directory, history, live, now, policy, request }: RichWorld,
  spec: Partial<Request["spec"]>,
  approvers: readonly string[],
): Decision {
  const { environment, requester, role } = request.spec;
  const asked = {
    ...request,
    spec: { requester, role, environment, requestedAt: formatInstant(now), ...GOOD, ...spec },
  };
  const approvals = approvers.map((approver) => ({ approver, verdict: "approve" as const, at: now }));
  return decide(policy, directory, asked, {
    now,
    proof: { by: requester, how: "signature" },
    approvals,
    live,
    history,
  });
}

describe("properties of offersOf()", function () {
  this.timeout(120_000);

  it("when an offer has no obstacle, then a request that meets its demands is allowed, by the first such offer for as long as it says", () => {
    fc.assert(
      fc.property(richWorld, (given) => {
        const open = offers(given).filter(({ expiresAt, rule }) => expiresAt !== null && rule !== "breakGlass");
        const [first] = open;
        fc.pre(first !== undefined);
        const decision = judged(given, { duration: formatDuration(first.ask) }, Object.keys(given.directory.people));
        // Where all of the directory don't suffice to approve it, another rule allows or speaks.
        fc.pre(
          first.demands.approvals === null || (decision.rule === first.rule && decision.approvals.missing.length === 0),
        );
        assert.deepEqual(
          [decision.outcome, decision.rule, decision.expiresAt],
          ["allow", first.rule, formatInstant(first.expiresAt ?? 0)],
        );
      }),
      RUNS,
    );
  });

  it("when each offer that is open is asked for exactly as it says, with no more than it takes, then its own rule gives just that", () => {
    fc.assert(
      fc.property(richWorld, (given) => {
        const open = offers(given).filter(({ expiresAt, rule }) => expiresAt !== null && rule !== "breakGlass");
        const free = open.filter(({ demands }) => demands.approvals === null);
        fc.pre(free.length > 0);
        for (const { ask, demands, expiresAt, rule } of free) {
          const isPlain = demands.reason.matches === null && demands.ticket === null;
          const plain = { reason: "y".repeat(demands.reason.minLength), ticket: "none" };
          const spec = { ...(isPlain ? plain : GOOD), duration: formatDuration(ask) };
          const decision = judged(given, spec, []);
          // What matches its pattern may match an earlier rule's other one.
          if (!isPlain && decision.rule !== rule) continue;
          assert.deepEqual(
            [decision.outcome, decision.rule, decision.expiresAt],
            ["allow", rule, formatInstant(expiresAt ?? 0)],
          );
        }
      }),
      RUNS,
    );
  });

  it("when break-glass has no obstacle, then such a request is allowed for as long as it says", () => {
    fc.assert(
      fc.property(richWorld, (given) => {
        const emergency = offers(given).find(({ rule }) => rule === "breakGlass");
        fc.pre(emergency !== undefined);
        const decision = judged(given, { breakGlass: true, duration: formatDuration(emergency.ask) }, []);
        assert.equal(decision.outcome === "allow", emergency.obstacles.length === 0);
        if (emergency.expiresAt !== null) assert.equal(decision.expiresAt, formatInstant(emergency.expiresAt));
      }),
      RUNS,
    );
  });

  it("when a request is allowed, then the offer of its rule has no obstacle and lasts no shorter", () => {
    fc.assert(
      fc.property(richWorld, fc.constantFrom("PT1M", "PT15M", "PT1H", undefined), (given, duration) => {
        const spec = { ...(duration === undefined ? {} : { duration }), ticket: given.request.spec.ticket ?? "INC-1" };
        const decision = judged(given, spec, Object.keys(given.directory.people));
        fc.pre(decision.outcome === "allow");
        const offer = offers(given).find(({ rule }) => rule === decision.rule);
        assert.deepEqual(offer?.obstacles, []);
        // Without a duration each rule judges a default of its own: earlier ones may refuse theirs, and take the same by name.
        if (duration === undefined) return;
        assert.ok(formatInstant(offer?.expiresAt ?? 0) >= String(decision.expiresAt));
      }),
      RUNS,
    );
  });

  it("when people count as alike, then each gets the same offers at any instant", () => {
    fc.assert(
      fc.property(richWorld, fc.integer({ min: 0, max: 3000 }), (given, minutes) => {
        const { directory, history, live, now, policy, request } = given;
        const { environment, role } = request.spec;
        const place = { environment, role, at: now + minutes * 60_000, live, history };
        const groups = likePeople(policy, directory, place);
        assert.deepEqual(groups.flat().sort(), Object.keys(directory.people).sort());
        for (const people of groups) {
          const all = people.map((person) =>
            offersOf(policy, directory, { ...place, person }).map(({ obstacles, ...rest }) => ({
              ...rest,
              obstacles: obstacles.map(({ id, rule }) => [id, rule]),
            })),
          );
          for (const each of all) assert.deepEqual(each, all[0]);
        }
      }),
      RUNS,
    );
  });

  it("when only its time stands against an offer, then it is open from the instant that it names", () => {
    fc.assert(
      fc.property(richWorld, (given) => {
        for (const { possibleFrom, rule, obstacles } of offers(given)) {
          if (possibleFrom === null || obstacles.length === 0) continue;
          const then = offers({ ...given, now: possibleFrom }).find((offer) => offer.rule === rule);
          assert.deepEqual(then?.obstacles, []);
          const before = offers({ ...given, now: possibleFrom - 1 }).find((offer) => offer.rule === rule);
          assert.notDeepEqual(before?.obstacles, []);
        }
      }),
      RUNS,
    );
  });
});
