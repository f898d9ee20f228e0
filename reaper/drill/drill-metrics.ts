// SPDX-License-Identifier: Apache-2.0
import { Counter, Gauge, Histogram, type OpenMetricsContentType, type Registry } from "prom-client";
import type { DrillEvent, DrillName } from "./drill-event";

const LABELS = ["drill", "role", "environment"] as const;
type Label = (typeof LABELS)[number];
/** Seconds; a look is each tenth of one. */
const LATENESS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];

/** What fire drills found. No label names the canary. */
export class DrillMetrics {
  readonly #lateness: Histogram<Label>;
  readonly #succeeded: Gauge<Label>;
  readonly #failing: Gauge<Label>;
  readonly #failures: Counter<Label | "failure">;

  constructor(registry: Registry<OpenMetricsContentType>) {
    const registers = [registry];
    this.#lateness = new Histogram({
      ...{ name: "elevation_drill_lateness_seconds", labelNames: LABELS, buckets: LATENESS, registers },
      help: "From the expiry of a fire drill's grant until neither its open session nor a new login had the access, or until it was given up as still open",
    });
    this.#succeeded = new Gauge({
      ...{ name: "elevation_drill_last_success_timestamp_seconds", labelNames: LABELS, registers },
      help: "When a fire drill last saw its access come and go",
    });
    this.#failing = new Gauge({
      ...{ name: "elevation_drill_failing", labelNames: LABELS, registers },
      help: "1 where the last of a fire drill failed, else 0",
    });
    this.#failures = new Counter({
      ...{ name: "elevation_drill_failures", labelNames: [...LABELS, "failure"] as const, registers },
      help: "Fire drills that failed, by what they found",
    });
  }

  /** `at`: the instant of the event, in milliseconds. */
  note(event: DrillEvent, at: number): void {
    if (event.type === "drill-stopped") return;
    const labels = labelsOf(event.drill);
    this.#failing.set(labels, event.type === "drill-failed" ? 1 : 0);
    // Where the target's clock is ahead it ends a moment early.
    if (event.lateMs !== null) this.#lateness.observe(labels, Math.max(0, event.lateMs) / 1000);
    if (event.type === "drill-failed") {
      this.#failures.inc({ ...labels, failure: event.failure });
      return;
    }
    this.#succeeded.set(labels, at / 1000);
  }

  /** Of a drill that is done no more nothing is as it was last; what was counted stays counted. */
  forget(drill: DrillName): void {
    this.#failing.remove(labelsOf(drill));
    this.#succeeded.remove(labelsOf(drill));
  }
}

function labelsOf({ name: drill, role, environment }: DrillName): Record<Label, string> {
  return { drill, role, environment };
}
