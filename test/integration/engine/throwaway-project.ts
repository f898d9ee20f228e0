// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "@elevation/engine";

/** Everything a command printed, and its exit code. */
export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

const tsconfig = {
  compilerOptions: { target: "ES2022", module: "nodenext", moduleResolution: "nodenext", strict: true },
};

const program = `
import * as pulumi from "@pulumi/pulumi";

// What create does is decided by files in the working directory: \`hold\` keeps it waiting until \`release\` is there.
const provider: pulumi.dynamic.ResourceProvider = {
  async create(inputs: { size: number }) {
    const { writeFileSync, existsSync } = require("node:fs");
    const { setTimeout: delay } = require("node:timers/promises");
    if (existsSync("hold")) {
      writeFileSync("holding", String(process.pid));
      while (!existsSync("release")) await delay(20);
    }
    return { id: "id-1", outs: inputs };
  },
  async read(id: string, props: unknown) {
    return { id, props };
  },
};

class Thing extends pulumi.dynamic.Resource {
  constructor(name: string, args: { size: pulumi.Input<number> }) {
    super(provider, name, args);
  }
}

const config = new pulumi.Config();
console.log("a line on stdout");
console.error("a line on stderr");
if (config.getBoolean("fails")) throw new Error("the program fails on purpose");
new Thing("thing", { size: config.getNumber("size") ?? 1 });
export const seen = {
  organization: pulumi.getOrganization(),
  project: pulumi.getProject(),
  stack: pulumi.getStack(),
  isSecret: config.getSecret("word") !== undefined,
  folder: process.cwd().split("/").at(-1),
};
`;

const pack = `
const { PolicyPack } = require("@pulumi/policy");
const pulumi = require("@pulumi/pulumi");
new PolicyPack("sizes", {
  policies: [{
    name: "size-limit",
    description: "a thing is small",
    enforcementLevel: "mandatory",
    validateResource: (args, reportViolation) => {
      if (args.type === "pulumi-nodejs:dynamic:Resource" && args.props.size > 5) {
        const letters = new pulumi.Config("throwaway").get("word")?.length;
        reportViolation(\`size \${args.props.size} is above 5 in \${pulumi.getOrganization()}/\${pulumi.getProject()}/\${pulumi.getStack()}, the word has \${letters} letters\`);
      }
    },
  }],
});
`;

/** A project with a program in TypeScript, a dynamic provider that does nothing and two policy packs, on a file backend. */
export class ThrowawayProject {
  readonly folder: string;
  /** Stands in the environment of every process of this project, so that none can hide. */
  readonly mark = `throwaway-${randomUUID()}`;
  private readonly env: NodeJS.ProcessEnv;
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
    this.folder = mkdtempSync(join(tmpdir(), "elevation-engine-"));
    const modules = join(__dirname, "..", "..", "..", "..", "node_modules");
    this.write("Pulumi.yaml", "name: throwaway\nruntime: nodejs\nmain: program\n");
    this.write("program/package.json", JSON.stringify({ name: "throwaway", version: "1.0.0", main: "index.ts" }));
    this.write("program/tsconfig.json", JSON.stringify(tsconfig));
    this.write("program/index.ts", program);
    this.write("pack/PulumiPolicy.yaml", "runtime: nodejs\nversion: 0.0.1\n");
    this.write("pack/package.json", JSON.stringify({ name: "pack", version: "0.0.1", main: "index.js" }));
    this.write("pack/index.js", pack);
    this.write("pack-with-main/PulumiPolicy.yaml", "runtime: nodejs\nversion: 0.0.1\nmain: built/rules.js\n");
    this.write("pack-with-main/package.json", JSON.stringify({ name: "pack-with-main", version: "0.0.1" }));
    this.write("pack-with-main/built/rules.js", pack);
    mkdirSync(join(this.folder, "state"));
    symlinkSync(modules, join(this.folder, "node_modules"));
    this.env = {
      ...process.env,
      ...engine.env,
      ELEVATION_TEST_MARK: this.mark,
      PULUMI_BACKEND_URL: `file://${join(this.folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "throwaway",
      PULUMI_HOME: join(this.folder, "home"),
    };
  }

  write(file: string, text: string): void {
    const path = join(this.folder, file);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
  }

  start(...args: string[]): ChildProcess {
    return spawn(this.engine.pulumi, [...args, "--non-interactive", "--color", "never"], {
      cwd: this.folder,
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  async run(...args: string[]): Promise<Ran> {
    return finished(this.start(...args));
  }

  /** Command lines of the processes of this project that are alive. Linux only. */
  processes(): string[] {
    const found: string[] = [];
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, "utf8").includes(this.mark);
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        if (isOurs && command !== "") found.push(command);
      } catch {
        // Ended meanwhile, or another user's.
      }
    }
    return found;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function finished(child: ChildProcess): Promise<Ran> {
  let output = "";
  const keep = (text: Buffer) => {
    output += text.toString();
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}
