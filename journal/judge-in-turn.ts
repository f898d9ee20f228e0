// SPDX-License-Identifier: Apache-2.0
import {
  type Decision,
  type Document,
  type Judge,
  type LiveGrant,
  parseInstant,
  type Request,
  startAtOf,
} from "@elevation/domain";
import type { JournalView } from "./journal-view";
import { type JudgeWhere, judge } from "./judge";

/** A request and its digest. */
export type Asked = Pick<Document<Request>, "value" | "digest">;

/** Requests that are judged one after another, as a deploy judges those of a stack (design §6). */
export interface Turns {
  /** The decision on a request, with those allowed before it as if they were live. */
  judge(asked: Asked): Decision;
  /**
   * A request that was judged is going to be granted. It counts for those behind it, unless it is denied, is live and so
   * counts already, or starts later: a scheduled grant isn't live. One that prolongs another is made at once.
   */
  count(asked: Asked, decision: Decision): void;
}

/** In order of `requestedAt`, then digest: the order in which a deploy judges new requests. */
export function byTurn(one: Asked, other: Asked): number {
  const at = ({ value }: Asked) => parseInstant(value.spec.requestedAt) ?? 0;
  return at(one) - at(other) || (one.digest < other.digest ? -1 : 1);
}

/** Starts judging requests that the caller brings in the order of {@link byTurn}. Pure but for what was counted. */
export function judgeInTurn(documents: Judge, where: JudgeWhere): Turns {
  const { now, view } = where;
  const counted: LiveGrant[] = [];
  return {
    judge: ({ value }) => {
      // NB. Only what is live prolongs: a run makes its grants side by side, so one allowed a moment ago may come too late.
      const others = counted.filter(({ request }) => request !== value.spec.extends);
      return judge(documents, value, { ...where, also: others });
    },
    count: (asked, decision) => {
      if (decision.outcome !== "allow" || isLive(asked, view) || (startAtOf(asked.value) ?? now) > now) return;
      counted.push(asLive(asked, decision));
    },
  };
}

function isLive({ digest }: Asked, view: JournalView | null): boolean {
  return view?.grant(digest)?.status === "live";
}

function asLive({ value, digest }: Asked, decision: Decision): LiveGrant {
  const { requester, role, environment, breakGlass } = value.spec;
  const activatedAt = parseInstant(decision.activatesAt ?? "") ?? 0;
  const expiresAt = parseInstant(decision.expiresAt ?? "") ?? 0;
  const rule = decision.rule === null ? {} : { rule: decision.rule };
  return {
    ...{ requester, role, environment, activatedAt, expiresAt, request: digest },
    ...rule,
    ...(breakGlass === true ? { breakGlass } : {}),
  };
}
