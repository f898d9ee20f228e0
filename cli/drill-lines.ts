// SPDX-License-Identifier: Apache-2.0
import { formatInstant } from "@elevation/domain";
import type { DrillEvent } from "@elevation/reaper";
import { neutral } from "./neutral";
import type { Terminal } from "./terminal";

/** What a line of `--json` says of a fire drill (docs/cli.md): fields are added, never changed. */
export function drillReport(event: DrillEvent): object {
  const { name, requester, role, environment } = event.drill;
  const { request, expiresAt } = event;
  const about = { event: event.type, drill: name, requester, role, environment, request, expiresAt };
  switch (event.type) {
    case "drill-passed":
      return { ...about, lateMs: event.lateMs };
    case "drill-failed": {
      const { failure, reason, failures, again } = event;
      return { ...about, failure, reason, failures, alarm: true, again: formatInstant(again) };
    }
    case "drill-stopped":
      return about;
  }
}

export function drillLine(at: string, event: DrillEvent, terminal: Terminal): string {
  const { bold, green, red } = terminal.colours;
  const who = neutral(`${event.drill.name} (${event.drill.requester})`);
  switch (event.type) {
    case "drill-passed":
      return `${at} ${green("drill passed")}: ${who} had access until ${event.lateMs} ms after its end`;
    case "drill-failed": {
      const times = event.failures === 1 ? "" : `, ${event.failures} times in a row`;
      return `${at} ${bold(red(`ALARM: DRILL FAILED, ${event.failure}`))}: ${who}${times}, again at ${formatInstant(event.again)}: ${neutral(event.reason)}`;
    }
    case "drill-stopped":
      return `${at} drill stopped: ${who}, whose grant ends at ${event.expiresAt} if somebody reaps then`;
  }
}
