// SPDX-License-Identifier: Apache-2.0
import { readJudge, readRequest } from "@elevation/domain";
import type { World } from "../differential/world";

// Smaller cases: one field or one element less, wherever the documents are still good.

/** What elements of live, history and approvals may lack; a World's own instants and names stay. */
const OPTIONAL = ["rule", "request", "extensions", "breakGlass", "reviewedAt", "role", "upTo", "imported"];

export function* smallerWorlds(world: World): Generator<World> {
  for (const part of ["live", "history", "approvals"] as const) {
    for (const smaller of less(world[part], (_, key) => OPTIONAL.includes(key))) {
      yield { ...world, [part]: smaller } as World;
    }
  }
  for (const part of ["policy", "directory", "request"] as const) {
    for (const smaller of less(world[part], () => true)) {
      const next = { ...world, [part]: smaller } as World;
      if (isGood(next)) yield next;
    }
  }
  if (world.proof !== null) yield { ...world, proof: null };
}

/** The value without one of its fields or elements, at any depth; the outermost first. */
function* less(value: unknown, mayLose: (owner: object, key: string) => boolean): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const index of value.keys()) yield value.filter((_, other) => other !== index);
    for (const [index, item] of value.entries()) {
      for (const smaller of less(item, mayLose)) yield value.map((other, at) => (at === index ? smaller : other));
    }
  } else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    for (const [key] of entries) {
      if (mayLose(value, key)) yield Object.fromEntries(entries.filter(([other]) => other !== key));
    }
    for (const [key, inner] of entries) {
      for (const smaller of less(inner, mayLose)) yield { ...value, [key]: smaller };
    }
  }
}

export function isGood({ policy, directory, request }: World): boolean {
  try {
    readJudge(source("p.json", policy), source("d.json", directory), "study");
    readRequest(source("r.json", request));
    return true;
  } catch {
    return false;
  }
}

function source(file: string, value: unknown): { file: string; text: string } {
  return { file, text: JSON.stringify(value) };
}
