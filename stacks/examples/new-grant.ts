// SPDX-License-Identifier: Apache-2.0
import { Grant } from "@elevation/provider";

/**
 * The same as a request file, in a program: equal values have an equal digest, so the one or the other opens access, and
 * only once. It is withdrawn by `pulumi up` alone, after its lines are removed.
 */
export function reindexOrders(): Grant {
  return new Grant({
    metadata: { name: "alice-orders-2026-11-24" },
    spec: {
      requester: "alice@example.com",
      role: "orders-admin",
      environment: "staging",
      duration: "PT45M",
      requestedAt: "2026-11-24T09:00:00Z",
      reason: "Try the rebuild of the orders index before production",
    },
  });
}
