// SPDX-License-Identifier: Apache-2.0
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readJudge } from "@elevation/domain";
import { build, type Metafile } from "esbuild";
import { repository } from "./workspace";

/** Where `npm run bundle` puts the pack. */
export const BUNDLE_FOLDER = join(repository, "dist-pack");

const DOCUMENTS = ["elevation.yaml", "directory.yaml"] as const;

/** What is installed beside the code, at the versions that the pack pins: its loader, which is the engine's, must find the same. */
const INSTALLED = ["@pulumi/policy", "@pulumi/pulumi"];

/** What the code names and the pack never loads: writers of a journal lock it, and `pg` does without its native part. */
const ABSENT = ["fs-native-extensions", "pg-native"];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly engines?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
}

/**
 * Writes the policy pack as a folder that needs nothing beside it: one file of code, the documents, and what is to be
 * installed. `pulumi policy publish` in it carries everything. The same sources give the same bytes, wherever they lie. The
 * folder is replaced.
 *
 * `documents`: where elevation.yaml and directory.yaml are taken from. Throws DocumentError, before anything is written,
 * if they are not right: a pack with such documents refuses everything.
 */
export async function bundlePack(folder: string, documents = join(repository, "policypack")): Promise<void> {
  const texts = DOCUMENTS.map((name) => ({ file: join(documents, name), text: read(join(documents, name)) }));
  const [policy, directory] = texts;
  if (policy !== undefined && directory !== undefined) readJudge(policy, directory);
  const { code, inputs } = await bundleCode();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "dist"), { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write("dist/index.js", code);
  write("package.json", `${JSON.stringify(manifest(), null, 2)}\n`);
  write("THIRD-PARTY.txt", notices(inputs));
  for (const [index, name] of DOCUMENTS.entries()) write(name, texts[index]?.text ?? "");
  cpSync(join(repository, "policypack", "PulumiPolicy.yaml"), join(folder, "PulumiPolicy.yaml"));
  cpSync(join(repository, "LICENSE"), join(folder, "LICENSE"));
}

/** NB. `dist/index.js`, as unbundled: the pack finds its documents in the folder above its code. */
async function bundleCode(): Promise<{ code: string; inputs: Metafile["inputs"] }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: repository,
    entryPoints: ["policypack/dist/index.js"],
    outfile: "dist/index.js",
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    charset: "utf8",
    // Its CommonJS form loads its parts by a name that no bundler sees.
    alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" },
    external: [...INSTALLED, ...ABSENT],
    legalComments: "none",
    banner: {
      js: "// SPDX-License-Identifier: Apache-2.0\n// Made by `npm run bundle`; THIRD-PARTY.txt names what else is in it.",
    },
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  return { code: outputFiles[0]?.text ?? "", inputs: metafile.inputs };
}

function manifest(): object {
  const pack = readManifest(join(repository, "policypack"));
  return {
    name: pack.name,
    version: pack.version,
    private: true,
    description: pack.description,
    license: pack.license,
    engines: readManifest(repository).engines,
    main: "./dist/index.js",
    files: ["dist", "PulumiPolicy.yaml", "THIRD-PARTY.txt", ...DOCUMENTS],
    dependencies: Object.fromEntries(INSTALLED.map((name) => [name, pack.dependencies?.[name]])),
  };
}

/** The licences of the packages that are part of the code. */
function notices(inputs: Metafile["inputs"]): string {
  const folders = Object.keys(inputs).flatMap(
    (input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [],
  );
  const packages = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = readManifest(join(repository, folder));
    return [`${name} ${version} (${license ?? "see below"})`, licenceIn(join(repository, folder))].join("\n\n");
  });
  return `${["dist/index.js contains these packages.", ...packages].join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

function licenceIn(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return file === undefined ? "" : read(join(folder, file)).trim();
}

function readManifest(folder: string): Manifest {
  const file = join(folder, "package.json");
  if (!existsSync(file)) throw new Error(`\`${dirname(file)}\` has no package.json; run \`npm ci\``);
  return JSON.parse(read(file)) as Manifest;
}

function read(file: string): string {
  return readFileSync(file, "utf8");
}
