// SPDX-License-Identifier: Apache-2.0
import type { Effect, Where } from "../../lifecycle/ports";
import { tick } from "./text";

/** What a grant does to a PostgreSQL server, in words; `create` and `revoke` are what is said here. */
export function effectOf({ connection, role, identity, object }: Where): Effect {
  const [name, person] = [tick(object), tick(identity)];
  return {
    begin: `at connection ${tick(connection)}, role ${name} (NOLOGIN) is made, becomes a member of ${tick(role)}, and is granted to ${person} with INHERIT and, from PostgreSQL 16 on, without SET`,
    end: `${name} loses its member and its role, every session of ${person} is ended (from PostgreSQL 16 on not while another live grant gives the same), and ${name} is dropped`,
  };
}
