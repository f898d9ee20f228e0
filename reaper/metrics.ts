// SPDX-License-Identifier: Apache-2.0
import type { Digest } from "@elevation/domain";
import type { Reconciliation } from "@elevation/provider/lifecycle";
import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import type { DrillEvent, DrillName } from "./drill/drill-event";
import { DrillMetrics } from "./drill/drill-metrics";
import type { ReaperEvent } from "./reaper";
import type { StacksEvent } from "./stacks/catch-up";
import { StacksMetrics } from "./stacks/stacks-metrics";
import type { NoticeOutcome } from "./webhook";

/** Seconds between an expiry and the end that was observed, and between a start and the access that was. */
const LATENESS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600];

/** What a reaper's events add up to, in the OpenMetrics format. No label names a person. */
export class ReaperMetrics {
  readonly #registry = new Registry<OpenMetricsContentType>();
  readonly #open: Gauge;
  readonly #trusted: Gauge;
  readonly #looked: Gauge;
  readonly #ends: Counter<"outcome">;
  readonly #failures: Counter<"outcome">;
  readonly #residue: Counter;
  readonly #withResidue: Gauge;
  readonly #notices: Counter<"outcome">;
  readonly #orders: Counter<"outcome">;
  readonly #lateness: Histogram;
  readonly #scheduled: Gauge;
  readonly #activations: Counter;
  readonly #unactivated: Counter<"outcome">;
  readonly #startLateness: Histogram;
  readonly #orphans: Gauge;
  readonly #unreached: Gauge;
  readonly #reconciled: Gauge;
  readonly #swept: Counter<"outcome">;
  readonly #cutBacks: Counter<"outcome">;
  readonly #stacks: StacksMetrics;
  readonly #drills: DrillMetrics;
  /** What has begun to end and has not ended yet, with what became of the last try. */
  readonly #unended = new Map<Digest, "stuck" | "unrecorded" | null>();

  constructor() {
    this.#registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const registers = [this.#registry];
    const gauge = (name: string, help: string) => new Gauge({ name: `elevation_${name}`, help, registers });
    this.#open = gauge("grants_open", "Grants that may be open, by the journal");
    // Counted when somebody asks, not at each of a thousand ends.
    const counted = (name: string, help: string, count: () => number) =>
      new Gauge({
        ...{ name: `elevation_${name}`, help, registers },
        collect() {
          this.set(count());
        },
      });
    const unended = (wanted: "stuck" | "unrecorded") =>
      [...this.#unended.values()].filter((outcome) => outcome === wanted).length;
    counted("grants_due", "Grants that must end and have not", () => this.#unended.size);
    counted("grants_stuck", "Grants that must end and could not be ended at the last try", () => unended("stuck"));
    counted("grants_unrecorded", "Grants that have ended, which the journal could not be told yet", () =>
      unended("unrecorded"),
    );
    this.#trusted = gauge("journal_trusted", "1 while the journal can be read and verifies, else 0");
    this.#looked = gauge("last_look_timestamp_seconds", "When the journal was last read");
    const outcome = { labelNames: ["outcome"] as const, registers };
    this.#ends = new Counter({ name: "elevation_ends", help: "Grants that were ended", ...outcome });
    this.#failures = new Counter({
      name: "elevation_end_failures",
      help: "Tries to end a grant that failed",
      ...outcome,
    });
    this.#orders = new Counter({
      name: "elevation_orders",
      help: "Orders that arrived, waiting ones once",
      ...outcome,
    });
    this.#residue = new Counter({ name: "elevation_residue", help: "Sentences of residue that ends left", registers });
    this.#withResidue = gauge("grants_with_residue", "Grants of whose person the journal tells residue");
    this.#notices = new Counter({
      name: "elevation_notices",
      help: "Notices for whoever watches over this",
      ...outcome,
    });
    const name = "elevation_end_lateness_seconds";
    const help = "From a grant's expiry until its end was observed and recorded";
    this.#lateness = new Histogram({ name, help, buckets: LATENESS, registers });
    this.#scheduled = gauge("grants_scheduled", "Grants that wait for their start, by the journal");
    this.#activations = new Counter({ name: "elevation_activations", help: "Scheduled grants activated", registers });
    this.#unactivated = new Counter({
      name: "elevation_activation_failures",
      help: "Tries to activate a scheduled grant that came to nothing",
      ...outcome,
    });
    this.#startLateness = new Histogram({
      name: "elevation_activation_lateness_seconds",
      help: "From a scheduled grant's start until its access was observed and recorded",
      buckets: LATENESS,
      registers,
    });
    this.#trusted.set(1);
    this.#orphans = gauge("orphans", "What stands at targets under names of ours and no grant explains");
    this.#unreached = gauge("connections_unreached", "Connections that could not be compared with the journal");
    this.#reconciled = gauge("last_reconciliation_timestamp_seconds", "When all connections were last compared");
    this.#swept = new Counter({
      name: "elevation_swept",
      help: "What no live grant explained and had to end",
      ...outcome,
    });
    this.#cutBacks = new Counter({
      name: "elevation_cut_backs",
      help: "Live grants that were wider than they were made, cut back or not",
      ...outcome,
    });
    this.#stacks = new StacksMetrics(this.#registry);
    this.#drills = new DrillMetrics(this.#registry);
  }

  /** `at`: the instant of the event, in milliseconds. */
  note(event: ReaperEvent | StacksEvent | DrillEvent, at: number): void {
    switch (event.type) {
      case "looked":
        this.#open.set(event.open);
        this.#scheduled.set(event.scheduled);
        this.#looked.set(at / 1000);
        break;
      case "read":
        this.#withResidue.set([...event.view.grants].filter(({ residue }) => residue.length > 0).length);
        break;
      case "journal":
        this.#trusted.set(event.reason === null ? 1 : 0);
        break;
      case "order":
        this.#orders.inc({ outcome: event.outcome });
        break;
      case "begun":
        this.#unended.set(event.digest, this.#unended.get(event.digest) ?? null);
        break;
      case "ended":
        this.#unended.delete(event.grant.digest);
        this.#ends.inc({ outcome: event.grant.outcome });
        this.#residue.inc(event.grant.residue.length);
        if (event.lateMs !== null) this.#lateness.observe(event.lateMs / 1000);
        break;
      case "activated":
        this.#activations.inc();
        this.#startLateness.observe(event.lateMs / 1000);
        break;
      case "unactivated":
        this.#unactivated.inc({ outcome: event.start.outcome });
        break;
      case "reconciled":
        this.#noteReconciliation(event.reconciliation, at);
        break;
      case "failed": {
        const outcome = event.grant.outcome === "unrecorded" ? "unrecorded" : "stuck";
        this.#unended.set(event.grant.digest, outcome);
        this.#failures.inc({ outcome });
        break;
      }
      case "inbox":
        break;
      case "drill-passed":
      case "drill-failed":
      case "drill-stopped":
        this.#drills.note(event, at);
        break;
      default:
        this.#stacks.note(event, at);
    }
  }

  /** Of what isn't known without a journal, what was known stays. */
  #noteReconciliation({ swept, cutBack, orphans, unreached, untrusted }: Reconciliation, at: number): void {
    for (const { outcome } of swept) this.#swept.inc({ outcome });
    for (const { reason } of cutBack) this.#cutBacks.inc({ outcome: reason === null ? "done" : "failed" });
    this.#unreached.set(unreached.length);
    if (untrusted !== null) return;
    this.#orphans.set(orphans.length);
    if (unreached.length === 0) this.#reconciled.set(at / 1000);
  }

  /** Of a drill that is done no more. */
  forgetDrill(drill: DrillName): void {
    this.#drills.forget(drill);
  }

  notice(outcome: NoticeOutcome): void {
    this.#notices.inc({ outcome });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
