// SPDX-License-Identifier: Apache-2.0
import { performance } from "node:perf_hooks";
import type { Instant, Place } from "@elevation/domain";
import { GrantError, type GrantErrorCode } from "../../errors";
import type {
  Access,
  Holding,
  Observation,
  OnGone,
  Revocation,
  SparesSessions,
  Standing,
  TargetConnection,
} from "../../lifecycle/ports";
import { readFacts } from "./catalog";
import { CLOCK, clockOf } from "./clock";
import { createAccess } from "./create";
import { cutBackAccess } from "./cut-back";
import { grantRoleOf } from "./grant-role";
import { readHeldAlready, readHoldings } from "./holdings";
import { judge } from "./judge";
import { listStanding, sweepEmptied } from "./list";
import { preflight } from "./preflight";
import { revokeAccess } from "./revoke";
import { grantErrorOf, type Session } from "./session";
import { SharedLooks } from "./shared-looks";
import type { Timeline } from "./timeline";

/** A PostgreSQL server, over one session. Calls must not overlap. */
export class PostgresConnection implements TargetConnection {
  readonly server: string;
  private readonly session: Session;
  /** The database that the connection names; the session is in another one if that one lets nobody in. */
  private readonly database: string;
  private readonly timeline: Timeline;
  /** Of all grants that end over sessions like this one. */
  private readonly looks: SharedLooks;
  private readonly release: (session: Session) => Promise<void>;

  constructor(
    session: Session,
    server: string,
    database: string,
    timeline: Timeline,
    looks: SharedLooks,
    release: (session: Session) => Promise<void>,
  ) {
    this.session = session;
    this.server = server;
    this.database = database;
    this.timeline = timeline;
    // A session in another database sees none of the rights that the others look for.
    this.looks = session.database === database ? looks : new SharedLooks();
    this.release = release;
  }

  async clock(): Promise<{ now: Instant; precision: number }> {
    return this.attempt("connection-failed", "could not read the clock", async () => {
      const sentAt = performance.now();
      const now = clockOf(await this.session.rows<{ now: string }>(CLOCK.sql, CLOCK.parameters));
      return { now, precision: (performance.now() - sentAt) / 2 };
    });
  }

  async preflight(place: Place): Promise<void> {
    await this.attempt("connection-failed", "could not look at the server", () => {
      this.requireOwnDatabase();
      return preflight(this.session, place);
    });
  }

  async holdings(role: string): Promise<readonly Holding[]> {
    return this.attempt("connection-failed", "could not look at who holds a role", () =>
      readHoldings(this.session, role),
    );
  }

  async heldAlready(place: Place): Promise<readonly string[]> {
    return this.attempt("connection-failed", "could not look at what the person holds", () =>
      readHeldAlready(this.session, place),
    );
  }

  async create(access: Access): Promise<void> {
    await this.attempt("activation-failed", "could not make the grant's role", () => {
      this.requireOwnDatabase();
      return createAccess(this.session, access, this.timeline.current);
    });
  }

  async observe(access: Access): Promise<Observation> {
    return this.attempt("connection-failed", "could not look at the grant's role", async () => {
      const name = grantRoleOf(access);
      const seen = judge(await readFacts(this.session, name, access.place.identity, access.place.role), access);
      return seen;
    });
  }

  async cutBack(access: Access): Promise<void> {
    await this.attempt("rights-missing", "could not cut the grant's role back", () =>
      cutBackAccess(this.session, access, this.timeline.current),
    );
  }

  async revoke(access: Access, spares: SparesSessions, onGone: OnGone = () => undefined): Promise<Revocation> {
    return this.attempt("revoke-failed", "could not end the grant", async () => {
      const { looks, session, timeline } = this;
      const revocation = await looks.whileEnding(() =>
        revokeAccess(session, access, { spares, onGone, timeline, looks }),
      );
      const unscanned = this.session.database === this.database ? [] : [this.unscanned()];
      return { ...revocation, residue: [...unscanned, ...revocation.residue] };
    });
  }

  /** Drops the roles of ended grants that could not be dropped before; returns their names. For the reaper. */
  async sweep(mayClear: (object: string) => boolean): Promise<readonly string[]> {
    return this.attempt("connection-failed", "could not sweep", () =>
      sweepEmptied(this.session, this.timeline, mayClear),
    );
  }

  async list(): Promise<readonly Standing[]> {
    return this.attempt("connection-failed", "could not list the grants' roles", () =>
      listStanding(this.session, this.server, this.timeline),
    );
  }

  close(): Promise<void> {
    return this.release(this.session);
  }

  private unscanned(): string {
    return `database \`${this.database}\` at connection \`${this.session.connection}\` lets nobody in, so rights handed on there were not looked for`;
  }

  private requireOwnDatabase(): void {
    if (this.session.database === this.database) return;
    throw new GrantError(
      "connection-failed",
      `database \`${this.database}\` at connection \`${this.session.connection}\` lets nobody in; make it accept connections`,
    );
  }

  private async attempt<T>(code: GrantErrorCode, what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw grantErrorOf(error, code, `connection \`${this.session.connection}\` ${what}`);
    }
  }
}
