// SPDX-License-Identifier: Apache-2.0
import { formatInstant } from "@elevation/domain";
import type { News } from "../notice";
import type { DrillEvent } from "./drill-event";

/** Somebody is reminded of a drill that goes on failing after each so many, an hour or more of tries. */
const REMINDING = 12;

/** What is news of fire drills: that one fails, otherwise than the last time or again and again; and that it passed, at first and after a failure. */
export class DrillNews {
  /** What was last told of each: how it failed, or that it passed (null). */
  readonly #told = new Map<string, string | null>();

  of(event: DrillEvent): readonly News[] {
    if (event.type === "drill-stopped") return [];
    const { name, requester, role, environment } = event.drill;
    const { request, expiresAt, failures } = event;
    const about = { drill: name, requester, role, environment, request, expiresAt };
    const before = this.#told.get(name);
    const key = `drill:${name}`;
    if (event.type === "drill-passed") {
      this.#told.set(name, null);
      return before === null ? [] : [{ event: "drill-passed", key, about: { ...about, lateMs: event.lateMs } }];
    }
    const { failure, reason, again } = event;
    this.#told.set(name, failure);
    if (failure === before && failures > 1 && failures % REMINDING !== 0) return [];
    const failed = { ...about, failure, reason, failures, again: formatInstant(again) };
    return [{ event: "drill-failed", key, about: failed }];
  }
}
