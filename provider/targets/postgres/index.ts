// SPDX-License-Identifier: Apache-2.0
export { connectionVariable } from "./address";
export { PostgresConnection } from "./connection";
export { PostgresTarget } from "./target";
export { PostgresVisitor } from "./visitor";
