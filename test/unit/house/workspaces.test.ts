// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { repository } from "@elevation/scripts/support/workspace";
import ts from "typescript";

interface Package {
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Locked {
  readonly version?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const root = packageOf("");

/** npm hoists everything to the root, so a package that a room forgets to name works here, and nowhere else. */
describe("each room's package.json", () => {
  for (const room of root.workspaces ?? []) {
    const { dependencies = {}, devDependencies = {} } = packageOf(room);

    it(`when ${room} imports a package, then its package.json names it`, () => {
      const named = Object.keys({ ...dependencies, ...devDependencies });
      assert.deepEqual(
        importedBy(room).filter((name) => !named.includes(name)),
        [],
      );
    });

    it(`when ${room} names a package, then in the version that the lockfile has for all`, () => {
      const lock = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")) as {
        packages: Record<string, Locked>;
      };
      assert.deepEqual(lock.packages[room]?.dependencies ?? {}, dependencies);
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        const locked = lock.packages[`node_modules/${name}`];
        const room = locked?.link === true ? lock.packages[locked.resolved ?? ""] : undefined;
        assert.equal((room ?? locked)?.version, version, name);
      }
    });
  }

  it("when tests and stacks import a package, then the root's package.json names it, or it is a room", () => {
    const rooms = (root.workspaces ?? []).map((room) => `@elevation/${room}`);
    const named = [...Object.keys({ ...root.dependencies, ...root.devDependencies }), ...rooms];
    assert.deepEqual(
      [...importedBy("test"), ...importedBy("stacks")].filter((name) => !named.includes(name)),
      [],
    );
  });
});

function packageOf(room: string): Package {
  return JSON.parse(readFileSync(join(repository, room, "package.json"), "utf8")) as Package;
}

/** The packages that a room's sources import or require, sorted. Types alone count: the room's own build needs them. */
function importedBy(room: string): string[] {
  const imported = readdirSync(join(repository, room), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts") && !/(^|\/)(dist|node_modules)\//.test(file))
    .flatMap((file) => ts.preProcessFile(readFileSync(join(repository, room, file), "utf8")).importedFiles)
    .map(({ fileName }) => fileName)
    .filter((name) => !name.startsWith(".") && !name.startsWith("node:") && !builtinModules.includes(name))
    .map((name) => (name.startsWith("@") ? name.split("/").slice(0, 2).join("/") : (name.split("/")[0] ?? name)));
  return [...new Set(imported)].sort();
}
