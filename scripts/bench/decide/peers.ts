// SPDX-License-Identifier: Apache-2.0

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { cacheFolder } from "@elevation/engine";
import { definedOf } from "../../pipeline/job";
import { installAside } from "../../support/installed-aside";
import { execute, must, repository } from "../../support/workspace";
import { REGO } from "./opa";

/** Pinned: the last of the 0.x line, whose `opa build` needs no configuration. */
const OPA = "github.com/open-policy-agent/opa@v0.70.0";

type Say = (line: string) => void;

/** Where the peers' packages and compiled policies are kept, outside the repository. */
const PEERS = cacheFolder(process.env, "bench", "peers");

/** Installs the peers' packages by the lockfile beside this program, once; returns how to load one. Throws where that fails. */
export async function installPeers(say: Say): Promise<(name: string) => unknown> {
  const source = join(repository, "scripts", "bench", "peers");
  const folder = await installAside(source, PEERS, () => say("installing OPA's, Cedar's and Casbin's packages, once"));
  return createRequire(join(folder, "package.json"));
}

/** Compiles the Rego policy to wasm, once; Go fetches and builds the compiler, which takes minutes the first time. */
export async function compileRego(say: Say): Promise<Uint8Array> {
  const key = createHash("sha256").update(OPA).update(REGO).digest("hex").slice(0, 16);
  const folder = join(PEERS, `opa-${key}`);
  const wasm = join(folder, "policy.wasm");
  if (existsSync(wasm)) return readFileSync(wasm);
  say("compiling the Rego policy to wasm, once: the compiler is built first, which takes a minute or two");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const work = join(folder, `work-${process.pid}`);
  mkdirSync(work);
  try {
    writeFileSync(join(work, "policy.rego"), REGO);
    const build = ["build", "-t", "wasm", "-e", "elevation/allow", "-o", "bundle.tar.gz", "policy.rego"];
    await must(execute("go", ["run", OPA, ...build], definedOf(process.env), work));
    await must(execute("tar", ["-xzf", "bundle.tar.gz"], definedOf(process.env), work));
    renameSync(join(work, "policy.wasm"), wasm);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return readFileSync(wasm);
}
