// SPDX-License-Identifier: Apache-2.0
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type Engine, type EngineOptions, getEngine } from "@elevation/engine";

/** A machine with a home, a PATH and programs of our making: nothing of the real one's is found on it. */
export class FakeMachine {
  readonly folder = mkdtempSync(join(tmpdir(), "elevation-machine-"));
  readonly lines: string[] = [];
  readonly env: NodeJS.ProcessEnv;
  readonly cache: string;

  constructor() {
    const folders = ["bin", "bin2"].map((name) => join(this.folder, name));
    for (const folder of folders) mkdirSync(folder);
    this.env = { PATH: folders.join(delimiter), HOME: this.folder, XDG_CACHE_HOME: join(this.folder, "cache") };
    this.cache = join(this.folder, "cache", "elevation", "engine");
  }

  /** Puts a shell script on the machine; `$$HOME` of the script is the machine's folder. */
  program(file: string, script: string): string {
    const path = join(this.folder, file);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** Puts an engine, with its language host, into a folder. */
  engine(folder: string, version: string, parts: { readonly hasHost: boolean } = { hasHost: true }): string {
    if (parts.hasHost) this.program(`${folder}/pulumi-language-nodejs`, "");
    return this.program(`${folder}/pulumi`, `echo v${version}`);
  }

  getEngine(options: Omit<EngineOptions, "onProgress"> = {}): Promise<Engine> {
    return getEngine({ env: this.env, ...options, onProgress: (line) => this.lines.push(line) });
  }

  /** What lies in the cache: engines and, if something went wrong, unfinished ones; without the locks. */
  cached(): string[] {
    if (!existsSync(this.cache)) return [];
    return readdirSync(this.cache).filter((name) => !name.endsWith(".lock"));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The script of a `go` that makes an engine of shell scripts: the real one's commands, none of its minutes. */
export function fakeGo(
  options: { readonly onList?: string; readonly onBuild?: string; readonly version?: string } = {},
): string {
  return `
case "$1" in
version) echo "go version go${options.version ?? "1.26.8"} linux/amd64" ;;
list) ${options.onList ?? 'echo "go: downloading example.com/a v1.0.0" >&2; echo a; echo b'} ;;
build)
  echo "build GOCACHE=$GOCACHE GOFLAGS=$GOFLAGS" >> "$HOME/builds"
  ${options.onBuild ?? ""}
  while [ "$1" != "-o" ]; do shift; done
  printf '#!/bin/sh\\necho v3.259.0\\n' > "$2"
  /bin/chmod 755 "$2" ;;
esac`;
}
