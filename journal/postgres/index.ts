// SPDX-License-Identifier: Apache-2.0
// What everything that speaks to a PostgreSQL server shares: the journal here, and the provider's target. Loads no `pg`.
export { type AddressDefaults, type PostgresAddress, parsePostgresAddress, type RefuseAddress } from "./address";
export { faultOf, ServerFault } from "./server-fault";
export { type Mask, maskOf, neutral } from "./text";
