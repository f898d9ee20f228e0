// SPDX-License-Identifier: Apache-2.0
import { escapeIdentifier } from "pg";
import { GrantError } from "../../errors";
import { LOCK_TIMEOUT_MS, ServerFault, type Session } from "./session";

const EXISTS = "42710";
/** unique_violation: whoever was making it has just finished. */
const FINISHED = "23505";
const NO_RIGHT = "42501";
const LOCK_TIMEOUT = "55P03";

/**
 * Waits until no transaction is making a grant's role any more; then what is not there stays away. A commit of ours whose
 * answer was lost may still be under way (it waits for a standby, or for a slow disk), and nobody sees its role until it
 * is done. Making the same role meets it in the index of names, which the whole server shares; ours is rolled back.
 *
 * Throws GrantError `revoke-failed` if it is not done in time, and ServerFault, as from a standby, where nothing can be known.
 */
export async function settle(session: Session, name: string): Promise<void> {
  const undone = new Error("rolled back, as meant");
  try {
    await session.transaction(LOCK_TIMEOUT_MS, [`CREATE ROLE ${escapeIdentifier(name)} NOLOGIN`], async () => {
      throw undone;
    });
  } catch (error) {
    if (error === undone) return;
    if (!(error instanceof ServerFault)) throw error;
    // A manager without the right to make roles isn't making any.
    if ([EXISTS, FINISHED, NO_RIGHT].includes(error.state)) return;
    if (error.state !== LOCK_TIMEOUT) throw error;
    throw new GrantError(
      "revoke-failed",
      `role \`${name}\` at connection \`${session.connection}\` is being made by a transaction that does not finish; end it, or let the standby that it waits for come back`,
      { cause: error },
    );
  }
}
