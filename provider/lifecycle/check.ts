// SPDX-License-Identifier: Apache-2.0

import { readInputs } from "./state";
import { reasonOf, type World } from "./world";

/** One thing that is wrong with a Grant's inputs, as the engine prints it. */
export interface CheckFailure {
  readonly reason: string;
}

/**
 * Judges form only: it runs in previews that hold no journal, and for grants that are live already. Whether the request
 * is allowed is shown by the policy pack and enforced by create.
 */
export function check(world: World, news: unknown): readonly CheckFailure[] {
  const reasons = [...world.anchorProblems()];
  try {
    const { request, stack } = readInputs(news);
    const served = world.environments();
    if (!served.includes(request.spec.environment)) {
      const list = served.length === 0 ? "none" : served.map((name) => `\`${name}\``).join(", ");
      reasons.push(
        `\`${request.metadata.name}\` asks for environment \`${request.spec.environment}\`, stack \`${stack}\` serves ${list}; file it for the stack that serves it, or set \`elevation:environments\``,
      );
    }
  } catch (error) {
    reasons.push(reasonOf(error));
  }
  return reasons.map((reason) => ({ reason }));
}
