// SPDX-License-Identifier: Apache-2.0

/** The variable that {@link aDrill} names. */
export const CANARY = "ELEVATION_CANARY_ORDERS";

/** A file with one drill, whose canary is alice; `changes`: other values of its fields, or more of them. */
export function aDrill(changes: Readonly<Record<string, string>> = {}): string {
  const fields = { every: "PT1H", duration: "PT2S", endsWithin: "PT20S", ...changes };
  return `apiVersion: elevation/v1
kind: FireDrills
drills:
  - name: orders
    requester: alice@example.com
    role: orders-admin
    environment: production
${Object.entries(fields)
  .map(([field, value]) => `    ${field}: ${value}\n`)
  .join("")}    probe: { kind: postgres, login: ${CANARY}, statement: SELECT FROM public.orders LIMIT 1 }
`;
}
