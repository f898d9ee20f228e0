// SPDX-License-Identifier: Apache-2.0
import { placeOf } from "./form-findings";
import { parseInstant } from "./instant";
import { LOCK_SCOPES } from "./order";
import type { Finding } from "./parsed";
import { field, isMapping, type Spot } from "./spot";
import { quote } from "./text";

/** The one field besides the common ones that each order has. */
const ITS_FIELD: Readonly<Record<string, string>> = {
  revoke: "request",
  review: "request",
  abandon: "request",
  breakGlass: "document",
  lock: "lock",
};

/** What is wrong with an order besides its form. */
export function orderFindings(order: Spot): Finding[] {
  const payload = field(order, "payload");
  const kind = field(payload, "order").value;
  const wanted = typeof kind === "string" && Object.hasOwn(ITS_FIELD, kind) ? ITS_FIELD[kind] : undefined;
  if (wanted === undefined || !isMapping(payload.value)) return lockFindings(payload);
  const shown = quote(String(kind));
  const findings: Finding[] = [...new Set(Object.values(ITS_FIELD))]
    .filter((name) => name !== wanted && field(payload, name).value !== undefined)
    .map((name) => {
      const { path } = field(payload, name);
      return {
        path,
        at: "key",
        message: `${placeOf(path)} is given in an order ${shown}, which has none; leave it out`,
      };
    });
  const its = field(payload, wanted);
  if (its.value === undefined)
    findings.push({
      path: its.path,
      at: "parent",
      message: `\`payload\` lacks the field ${quote(wanted)}, which an order ${shown} has; add it`,
    });
  return [...findings, ...lockFindings(payload)];
}

function lockFindings(payload: Spot): Finding[] {
  const lock = field(payload, "lock");
  if (!isMapping(lock.value)) return [];
  const given = LOCK_SCOPES.filter((scope) => field(lock, scope).value !== undefined);
  if (given.length !== 1) {
    const what = given.length === 0 ? "names nothing" : `names ${given.map(quote).join(" and ")}`;
    const message = `\`payload.lock\` ${what}; give exactly one of ${LOCK_SCOPES.map(quote).join(", ")}`;
    return [{ path: lock.path, at: "key", message }];
  }
  return untilFindings(lock, field(payload, "at"));
}

function untilFindings(lock: Spot, at: Spot): Finding[] {
  const until = field(lock, "until");
  const [end, signed] = [until.value, at.value].map((value) =>
    typeof value === "string" ? parseInstant(value) : null,
  );
  if (end == null || signed == null || end > signed) return [];
  const message =
    "`payload.lock.until` is not after `payload.at`, and a lock can't be lifted: that takes the trust bundle's threshold of administrators, which this version does not serve; a lock ends at its `until`";
  return [{ path: until.path, at: "value", message }];
}
