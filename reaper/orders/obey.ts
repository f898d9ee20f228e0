// SPDX-License-Identifier: Apache-2.0
import {
  type Digest,
  formatInstant,
  type Instant,
  lockedBy,
  lockOf,
  namedLock,
  type Order,
  quote,
  type Request,
  type Signature,
  type Standing,
} from "@elevation/domain";
import type { JournalView } from "@elevation/journal";
import {
  historyFault,
  instantOf,
  journalNow,
  lockableOf,
  type OpenState,
  type OrderCheck,
  openFromRecord,
  type Reaped,
  reasonOf,
  recordOrder,
  type Trusted,
  type World,
} from "@elevation/provider/lifecycle";
import type { Settlement } from "./inbox";
import type { OrderedEnds } from "./ordered-ends";

/** What becomes of an order; `waits`: something is missing that may come. `why` is for people. */
export interface Answer {
  readonly is: Settlement | "waits";
  readonly why: string;
}

/** Within which bounds orders are obeyed. */
export interface Bounds {
  readonly environments: ReadonlySet<string> | null;
  /** Grants that may be open, as far as is known without the journal. */
  readonly open: readonly OpenState[];
  readonly ends: OrderedEnds;
}

/** Of a thousand grants whose server is away, why of so many. */
const MOST_REASONS = 3;

interface Case extends Bounds {
  readonly world: World;
  readonly order: Order;
  readonly signed: Signature;
  readonly trusted: Trusted | Error;
}

/**
 * Obeys an order whose signer is known, where that person may order it. Acts first, and records after; what needs no journal is done
 * without one, and waits to be recorded. Idempotent: obeyed again, after a kill or because somebody brings it twice while nobody can know,
 * it ends what has ended, or locks until the same instant. Rejects for nothing that a target or the journal does.
 */
export async function obey(world: World, bounds: Bounds, order: Order, signed: Signature): Promise<Answer> {
  const { trusted } = await journalNow(world);
  const fault = trusted instanceof Error ? null : historyFault(order, signed.key, trusted.view);
  if (fault !== null) return { is: "refused", why: fault };
  const kase = { world, ...bounds, order, signed, trusted };
  switch (order.payload.order) {
    case "revoke":
      return revoke(kase);
    case "lock":
      return lock(kase);
    case "abandon":
      return abandon(kase);
    case "breakGlass":
    case "review":
      return refused(kase, `this version serves no order ${quote(order.payload.order)}; nothing was done`);
  }
}

/** By the requester of the grant or one administrator. */
async function revoke(kase: Case): Promise<Answer> {
  const { trusted, order, signed, environments, ends } = kase;
  const grant = grantOf(kase);
  const scheduled = trusted instanceof Error ? undefined : trusted.view.scheduled.get(order.payload.request as Digest);
  const { request } = grant ?? scheduled ?? {};
  if (request === undefined) {
    if (trusted instanceof Error) return waits(kase, `the journal can't say what grant is meant: ${reasonOf(trusted)}`);
    return refused(
      kase,
      `the journal knows no grant of ${order.payload.request}; a request that was never activated is withdrawn by taking its file away`,
    );
  }
  const { requester, environment } = request.spec;
  const standing: Standing | null = signed.isAdministrator
    ? "administrator"
    : requester === order.payload.by
      ? "requester"
      : null;
  if (standing === null) return refused(kase, `only ${quote(requester)} and administrators may revoke this grant`);
  if (environments !== null && !environments.has(environment))
    return waits(kase, `the grant is in ${quote(environment)}, which this reaper doesn't serve`);
  if (grant === null) return recorded(kase, standing, () => null, withdrawnWords(request));
  if (isOver(kase)) return refused(kase, "the grant is over; there is nothing to revoke");
  const reaped = await ends.end(grant, "ordered");
  const name = quote(reaped.name);
  if (reaped.outcome === "unrecorded")
    return waits(kase, `${name} has ended, but that can't be recorded: ${reaped.reason}`);
  if (reaped.outcome === "abandoned") {
    const why = `the grant was abandoned, and can't be ended now either: ${reaped.reason}`;
    return refused(kase, `${why}; it is ended when its target is back`);
  }
  const words = endedWords(reaped);
  return recorded(kase, standing, () => null, words, `${words}, and that can't be recorded`);
}

/** Whether a grant ended by something else than an order: one that was obeyed and not yet recorded is obeyed again. */
function isOver({ trusted, order }: Case): boolean {
  const record = trusted instanceof Error ? null : trusted.view.grant(order.payload.request as Digest);
  return record?.status === "ended" && record.endedBy !== "abandoned" && record.endCause !== "ordered";
}

function withdrawnWords({ metadata, spec }: Request): string {
  return `the request ${quote(metadata.name)} of ${quote(spec.requester)} opened nothing, and opens nothing any more`;
}

function endedWords({ name, requester, outcome, reason }: Reaped): string {
  const grant = `the grant ${quote(name)} of ${quote(requester)}`;
  if (outcome === "stuck")
    return `${grant} must end and could not be ended yet; it is tried again without end: ${reason}`;
  if (outcome === "failed") return `${grant} had opened nothing, and opens nothing any more`;
  return `${grant} is ${outcome}`;
}

/** By one administrator. What is locked ends by the journal, as whatever must end does; without one, what is known of ends at once. */
async function lock(kase: Case): Promise<Answer> {
  const { world, trusted, order, signed, open, environments, ends } = kase;
  const lock = lockOf(order);
  if (!signed.isAdministrator || lock === null) return notAdministrator(kase, "lock");
  const now = world.clock();
  if (trusted instanceof Error) {
    const isOurs = ({ request }: OpenState) => environments === null || environments.has(request.spec.environment);
    const isHeld = (grant: OpenState) => lockedBy([lock], lockableOf(grant), Math.min(now, beganAt(grant))) !== null;
    const held = open.filter((grant) => isOurs(grant) && isHeld(grant));
    const reaped = await Promise.all(held.map((grant) => ends.end(grant, "locked")));
    return waits(kase, `${countedWords(reaped)}, and the lock can't be recorded: ${reasonOf(trusted)}`);
  }
  const [what, until] = [namedLock(lock.scope), formatInstant(lock.until)];
  const words =
    now < lock.until
      ? `locked ${what} until ${until}: what is live of it ends now, and nothing of it is granted before`
      : `locked ${what} until ${until}, which has passed: what was made before and is live ends now`;
  return recorded(kase, "administrator", () => null, words);
}

function countedWords(reaped: readonly Reaped[]): string {
  const failed = reaped.filter(({ outcome }) => outcome === "stuck");
  const ended = reaped.length - failed.length;
  const words = ended === 1 ? "1 grant was ended" : `${ended} grants were ended`;
  if (failed.length === 0) return words;
  const reasons = failed.slice(0, MOST_REASONS).map(({ name, reason }) => `${quote(name)}: ${reason}`);
  if (failed.length > MOST_REASONS) reasons.push("…");
  return `${words}, ${failed.length} could not be (${reasons.join("; ")})`;
}

/** Without the journal, which has its intent, a grant began when it was to: one that prolongs another, earlier. */
function beganAt({ activatedAt }: OpenState): Instant {
  return activatedAt === null ? 0 : instantOf(activatedAt);
}

/** By one administrator: of what is stuck. */
async function abandon(kase: Case): Promise<Answer> {
  const { order, signed } = kase;
  if (!signed.isAdministrator) return notAdministrator(kase, "abandon");
  const check = (view: JournalView): string | null => {
    const known = view.grant(order.payload.request as Digest);
    if (known === null) return sentence(kase, `the journal knows no grant of ${order.payload.request}`);
    if (known.status !== "live") return sentence(kase, "the grant is over; there is nothing to abandon");
    return known.marks.includes("stuck") ? null : sentence(kase, "the grant is not stuck; revoke it instead");
  };
  const words = `${order.payload.request} is abandoned: it is tried no more, and stays in \`elevate status\` as residue`;
  return recorded(kase, "administrator", check, words);
}

/** `unrecorded`: what is said where the journal can't be told. */
async function recorded(
  kase: Case,
  standing: Standing,
  check: OrderCheck,
  words: string,
  unrecorded = "it can't be recorded",
): Promise<Answer> {
  const { world, order, signed } = kase;
  const result = await recordOrder(world, order, { key: signed.key, standing }, check);
  if (result.is === "recorded")
    return { is: "done", why: `order ${quote(order.payload.id)} of ${quote(order.payload.by)}: ${words}` };
  if (result.is === "refused") return { is: "refused", why: result.why };
  return waits(kase, `${unrecorded}: ${result.why}`);
}

function grantOf({ trusted, order, open }: Case): OpenState | null {
  const digest = order.payload.request as Digest;
  if (trusted instanceof Error) return open.find((grant) => grant.digest === digest) ?? null;
  const record = trusted.view.grant(digest);
  return record === null ? null : openFromRecord(record);
}

function notAdministrator(kase: Case, what: string): Answer {
  return refused(
    kase,
    `only an administrator may ${what}, and \`ELEVATION_ADMINS\` doesn't name the key ${kase.signed.key}`,
  );
}

function refused(kase: Case, why: string): Answer {
  return { is: "refused", why: sentence(kase, why) };
}

function sentence({ order: { payload } }: Case, why: string): string {
  return `order ${quote(payload.id)} of ${quote(payload.by)} is refused: ${why}`;
}

function waits({ order: { payload } }: Case, why: string): Answer {
  return { is: "waits", why: `order ${quote(payload.id)} of ${quote(payload.by)} waits: ${why}` };
}
