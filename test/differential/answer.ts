// SPDX-License-Identifier: Apache-2.0
import { decide } from "@elevation/domain";
import type { Answer } from "./oracle";
import { contextOf, type World } from "./world";

/** What decide() says of a case, as far as the oracle says it too. */
export function answerOf(world: World): Answer {
  const { outcome, rule, activatesAt, expiresAt, violations } = decide(
    world.policy,
    world.directory,
    world.request,
    contextOf(world),
  );
  return {
    outcome,
    rule,
    activatesAt: activatesAt === null ? null : Date.parse(activatesAt),
    expiresAt: expiresAt === null ? null : Date.parse(expiresAt),
    violations: violations.map(({ id, rule: about }) => (about === null ? id : `${id} ${about}`)).sort(),
  };
}
