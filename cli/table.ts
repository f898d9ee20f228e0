// SPDX-License-Identifier: Apache-2.0
import Table from "cli-table3";
import { neutral } from "./neutral";
import type { Terminal } from "./terminal";

/** No lines between cells, so that a row stays one line that can be searched and copied. */
const PLAIN = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** How a cell is coloured; width is measured without it. */
export type Paint = (text: string) => string;

/** A cell: its text, as anybody may have written it, and its colour. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

/** A table without borders, its head dimmed. Cells are made {@link neutral}; an empty one is shown as `-`. */
export function renderTable(terminal: Terminal, head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const table = new Table({ chars: PLAIN, style: { head: [], border: [], "padding-left": 0, "padding-right": 0 } });
  table.push(head.map((title) => terminal.colours.dim(title)));
  for (const row of rows) table.push(row.map(renderCell));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

function renderCell(cell: Cell): string {
  const { text, paint } = typeof cell === "string" ? { text: cell, paint: (plain: string) => plain } : cell;
  return paint(neutral(text) || "-");
}

/** An instant for people: UTC, to the second. The whole instant stands in `--json`. */
export function renderInstant(text: string | null): string {
  return text === null ? "" : text.replace(/\.\d+Z$/, "Z");
}
