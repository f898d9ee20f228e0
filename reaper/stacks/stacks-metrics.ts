// SPDX-License-Identifier: Apache-2.0
import { Counter, Gauge, type OpenMetricsContentType, type Registry } from "prom-client";
import type { StacksEvent } from "./catch-up";

/** What the events of stacks that catch up add up to. No label names a stack: there may be hundreds. */
export class StacksMetrics {
  readonly #failures: Counter;
  readonly #forgotten: Counter;
  readonly #succeeded: Gauge;
  readonly #behind = new Set<string>();
  readonly #failing = new Set<string>();

  constructor(registry: Registry<OpenMetricsContentType>) {
    const registers = [registry];
    const counted = (name: string, help: string, stacks: ReadonlySet<string>) =>
      new Gauge({
        ...{ name, help, registers },
        collect() {
          this.set(stacks.size);
        },
      });
    counted("elevation_stacks_behind", "Stacks that may still hold grants that have ended", this.#behind);
    counted("elevation_stacks_failing", "Stacks that could not forget at the last try", this.#failing);
    this.#failures = new Counter({
      ...{ name: "elevation_stack_failures", registers },
      help: "Tries to let a stack forget what has ended that failed",
    });
    this.#forgotten = new Counter({
      ...{ name: "elevation_stack_resources_forgotten", registers },
      help: "Resources of ended grants that left their stack",
    });
    this.#succeeded = new Gauge({
      ...{ name: "elevation_stack_last_success_timestamp_seconds", registers },
      help: "When a stack last held nothing any more that had ended",
    });
  }

  /** `at`: the instant of the event, in milliseconds. */
  note(event: StacksEvent, at: number): void {
    switch (event.type) {
      case "stack-wanted":
        this.#behind.add(event.stack);
        break;
      case "stack-caught-up":
        this.#behind.delete(event.stack);
        this.#failing.delete(event.stack);
        this.#forgotten.inc(event.forgotten);
        this.#succeeded.set(at / 1000);
        break;
      case "stack-unmade":
        this.#behind.delete(event.stack);
        this.#failing.delete(event.stack);
        break;
      case "stack-behind":
        this.#failing.add(event.stack);
        this.#failures.inc();
        break;
    }
  }
}
