// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JournalView } from "@elevation/journal";
import { isLocked, lookAtStack, type Ran, type RunPulumi, WITHOUT_CHECKPOINTS } from "./look";
import type { HeldGrant, StateSummary } from "./state-summary";

/** How many resources one refresh is aimed at: each is an argument, and a system takes only so many. */
const BATCH = 500;
/** A reason is a line, not all that an engine printed. */
const LONGEST_REASON = 400;

export interface Forgetting {
  /** Runs the engine in the project's root. */
  readonly pulumi: RunPulumi;
  /** The journal as it is now. Rejects where it can't be trusted: then nobody knows what has ended. */
  readonly view: () => Promise<JournalView>;
  /** Only grants of these environments, whose connections are there; null: of all. */
  readonly environments: ReadonlySet<string> | null;
  /** How an exported state is summed up. */
  readonly read: (file: string) => StateSummary | Promise<StateSummary>;
  /** At least 0, below 1. */
  readonly random: () => number;
}

/**
 * Lets a stack forget what the journal calls ended, by refreshes that are aimed at those resources alone, and looks at its code before
 * each. Returns how many resources left it, when it holds none of them any more; null where there is no such stack. Rejects with why it
 * does.
 */
export async function forgetEnded(forgetting: Forgetting, stack: string): Promise<number | null> {
  const folder = mkdtempSync(join(tmpdir(), "elevation-state-"));
  try {
    let forgotten = 0;
    for (let aimedAt: ReadonlySet<string> = new Set(); ; ) {
      const { state, refusal } = await lookAtStack(
        forgetting.pulumi,
        stack,
        join(folder, "state.json"),
        forgetting.read,
      );
      if (refusal?.kind === "unmade") return null;
      if (refusal !== null || state === null) throw new Error(refusal?.reasons.join("; "));
      const ended = await endedIn(forgetting, state.held);
      const left = ended.filter(({ urn }) => aimedAt.has(urn)).length;
      forgotten += aimedAt.size - left;
      if (ended.length === 0) return forgotten;
      if (left > 0)
        throw new Error(`a refresh left ${left} of its ended grants in it; look at them with \`elevate stacks\``);
      aimedAt = new Set(batchOf(forgetting, ended).map(({ urn }) => urn));
      await refresh(forgetting.pulumi, stack, aimedAt, state);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a state still holds and a refresh would drop. */
async function endedIn({ view, environments }: Forgetting, held: readonly HeldGrant[]): Promise<readonly HeldGrant[]> {
  const journal = await view();
  return held.filter((grant) => isBehind(grant, journal) && (environments?.has(grant.environment) ?? true));
}

/** Whether a state holds a grant that has ended: the journal says so, and a refresh of it would drop the resource. */
export function isBehind({ digest, isDropped }: HeldGrant, view: JournalView): boolean {
  return isDropped && view.grant(digest)?.status === "ended";
}

/** From a place by chance on: those that a refresh can't drop must not stand before all others for ever. */
function batchOf({ random }: Forgetting, ended: readonly HeldGrant[]): readonly HeldGrant[] {
  const from = ended.length <= BATCH ? 0 : Math.floor(random() * ended.length);
  return [...ended.slice(from), ...ended.slice(0, from)].slice(0, BATCH);
}

/** NB. with its preview phase every grant would be read twice, and one that fails would keep all of the others. */
async function refresh(
  pulumi: RunPulumi,
  stack: string,
  urns: ReadonlySet<string>,
  { witness }: StateSummary,
): Promise<void> {
  const targets = [...urns].flatMap((urn) => ["--target", urn]);
  const ran = await pulumi(
    ["refresh", "--yes", "--skip-preview", "--suppress-progress", "--stack", stack, ...targets],
    { env: { ...WITHOUT_CHECKPOINTS, ELEVATION_WITNESS: JSON.stringify(witness) }, quiet: true },
  );
  if (ran.code !== 0) throw new Error(reasonFor(ran));
}

function reasonFor(ran: Ran): string {
  if (isLocked(ran)) return "it is locked by another run; if none is at work, run `pipeline recover`";
  const lines = ran.output.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => /\berror: /.test(line));
  const said = (errors.length > 0 ? errors : lines.slice(-3)).map((line) => line.trim()).join("; ");
  const short = said.length > LONGEST_REASON ? `${said.slice(0, LONGEST_REASON)}…` : said;
  return `its refresh ended with ${ran.code}: ${short}`;
}
