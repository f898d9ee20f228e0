// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve, sep } from "node:path";
import { getEngine } from "@elevation/engine";
import { isGrantError } from "@elevation/provider/lifecycle";
import { readRequestFiles } from "@elevation/provider/loader";
import { loadJudge } from "@elevation/provider/settings";
import { findProjectRoot } from "@elevation/reaper/stacks";
import { parse, stringify } from "yaml";
import { comment, LONGEST_COMMENT } from "./comment";
import { type EffectsOf, effectsOn } from "./effects";
import { EXIT, type ExitCode, StepError, worst } from "./exit";
import { importStates, readPublished } from "./imported";
import { findStacks, type Job, makeJob, type Stack } from "./job";
import { exitOf, type PolicyChange, type StudyOf, studyPolicyChange } from "./policy-change";
import { PUBLISHED_JOURNAL } from "./publish";
import { type Outcome, type Previewed, renderShortSummary, renderSummary } from "./summary";
import { configWithoutSecrets } from "./without-secrets";

export interface PreviewOptions {
  readonly stacks: readonly string[];
  /** The pull request's `stacks/requests`, data only. */
  readonly requests: string;
  /** A checkout of the pull request, whose policy, directory and policy tests are studied, data only; null: they aren't. */
  readonly documents: string | null;
  /** Whether it fails where access gets wider. */
  readonly failsWider: boolean;
  /** Where lint's findings are written as SARIF; null: nowhere. */
  readonly sarif: string | null;
  /** What the deploy and schedule jobs published; null: nothing yet. */
  readonly published: string | null;
  /** Where the Markdown is appended to, as in `GITHUB_STEP_SUMMARY`; null: printed. */
  readonly summary: string | null;
  /** The pull request that gets the comment; null: none. */
  readonly pull: number | null;
}

/** All that a preview's processes see of the job's environment. */
const PASSED_ON = ["PATH", "LANG", "LC_ALL", "TMPDIR", "NODE_EXTRA_CA_CERTS", "ELEVATION_CACHE", "XDG_CACHE_HOME"];
/** What no job that looks at a pull request may hold. */
const CREDENTIALS =
  /^(ELEVATION_(CONNECTION|CANARY)_|ELEVATION_JOURNAL$|PULUMI_(ACCESS_TOKEN|BACKEND_URL|CONFIG_PASSPHRASE)|AWS_(ACCESS|SECRET|SESSION|PROFILE|WEB_IDENTITY|ROLE)|ACTIONS_ID_TOKEN_|AZURE_|ARM_|GOOGLE_|VAULT_|KUBECONFIG$|PG(PASSWORD|PASSFILE|SERVICE|SSLKEY))/;

/**
 * What a pull request would do, judged by the protected branch's code on the pull request's data, with no credential: on
 * a throw-away copy of the project, with a throw-away backend and published copies of states and journal. Grants nothing,
 * ends nothing, and refreshes nothing.
 */
export async function preview(options: PreviewOptions, env: NodeJS.ProcessEnv = process.env): Promise<ExitCode> {
  refuseCredentials(env);
  const root = findProjectRoot(process.cwd());
  const stacks = soundStacks(root, options.stacks);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const engine = await getEngine({ onProgress: say });
  const folder = mkdtempSync(join(tmpdir(), "elevation-preview-"));
  try {
    const project = join(folder, "project");
    copyForPreview(root, project, resolve(options.requests));
    for (const { name } of stacks) stripStackConfig(join(project, "stacks", `Pulumi.${name}.yaml`));
    const published = options.published === null ? null : resolve(options.published);
    const childEnv = { ...passedOn(env), ...engine.env, ...previewEnv(folder, published, env) };
    const job = makeJob(project, stacks, childEnv, say);
    const { view, notes: ofJournal } = await readPublished(published, env);
    const { witness, notes } = await importStates(job, published);
    const previewed: Previewed[] = [];
    const base = digestsIn(join(root, "stacks", "requests"));
    for (const stack of stacks) previewed.push(await previewStack(job, stack, { view, base }, witness));
    const studyEnv = { ...passedOn(env), ...(view === null ? {} : journalEnv(published, env)) };
    const policy = await studyDocuments(options, { root, folder, env: studyEnv });
    const exit = worst([
      ...previewed.map(({ passed, effects }) => (passed ? EXIT.yes : effects === null ? EXIT.badInput : EXIT.denied)),
      policy === null ? EXIT.yes : exitOf(policy, options.failsWider),
    ]);
    const all = [...ofJournal, ...notes, ...notesOn(previewed, policy, base)];
    await report({ previewed, policy, passed: exit === EXIT.yes, notes: all }, options, env, say);
    return exit;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a stack with a broken file would do can't be shown. */
function soundStacks(root: string, names: readonly string[]): readonly Stack[] {
  const stacks = findStacks(root, names);
  const problem = stacks.find((stack) => stack.problem !== null)?.problem ?? null;
  if (problem !== null) throw new StepError(EXIT.badInput, problem);
  return stacks;
}

function refuseCredentials(env: NodeJS.ProcessEnv): void {
  const held = Object.keys(env).filter((name) => CREDENTIALS.test(name) && env[name] !== "");
  if (held.length === 0) return;
  throw new StepError(
    EXIT.badInput,
    `this job holds ${held.map((name) => `\`${name}\``).join(", ")}, and a job that looks at a pull request holds no credential; take it out of the job's environment`,
  );
}

function passedOn(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

function previewEnv(folder: string, published: string | null, env: NodeJS.ProcessEnv): Record<string, string> {
  for (const name of ["home", "state", "pulumi-home"]) mkdirSync(join(folder, name));
  return {
    HOME: join(folder, "home"),
    PULUMI_HOME: join(folder, "pulumi-home"),
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: randomBytes(16).toString("hex"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    NO_COLOR: "1",
    ...journalEnv(published, env),
  };
}

function journalEnv(published: string | null, env: NodeJS.ProcessEnv): Record<string, string> {
  if (published === null) return {};
  const id = env["ELEVATION_JOURNAL_ID"] ?? "";
  return { ELEVATION_JOURNAL: `file:${join(published, PUBLISHED_JOURNAL)}`, ELEVATION_JOURNAL_ID: id };
}

/** All of the project but its requests; those are the pull request's, files and folders only. */
function copyForPreview(root: string, project: string, requests: string): void {
  if (!existsSync(requests) || !lstatSync(requests).isDirectory())
    throw new StepError(EXIT.badInput, `\`${requests}\` is no folder; give the pull request's stacks/requests`);
  const own = join(root, "stacks", "requests");
  // A checkout of the pull request inside of this one is not part of the project.
  const within = relative(root, requests).split(sep)[0] ?? "";
  const inside = within === "" || within === ".." || within === "stacks" ? [] : [join(root, within)];
  const left = new Set([own, join(root, "node_modules"), join(root, ".git"), ...inside]);
  cpSync(root, project, { recursive: true, filter: (path) => !left.has(path) && basename(path) !== ".pulumi" });
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
  // NB. links stay links: the loader refuses them, and names them.
  cpSync(requests, join(project, "stacks", "requests"), { recursive: true, verbatimSymlinks: true });
}

/** The jobs' secrets manager, and what only it can read, are not for a preview. */
function stripStackConfig(file: string): void {
  const { config = {} } = (parse(readFileSync(file, "utf8")) as { config?: Record<string, unknown> } | null) ?? {};
  writeFileSync(file, stringify({ config: configWithoutSecrets(config) }));
}

/** What the protected branch declares; null where its own files can't be read. */
function digestsIn(folder: string): ReadonlySet<string> | null {
  try {
    return new Set(readRequestFiles(folder).map(({ document }) => document.digest));
  } catch (error) {
    if (!isGrantError(error)) throw error;
    return null;
  }
}

type Known = Pick<EffectsOf, "view" | "base">;

async function previewStack(job: Job, stack: Stack, known: Known, witness: string): Promise<Previewed> {
  const { view } = known;
  const effects = readEffects(job, stack, known);
  if (typeof effects === "string") return { stack: stack.name, effects: null, passed: false, output: effects };
  const args = ["preview", "--suppress-progress", "--policy-pack", "policypack", "--stack", stack.name];
  const env = view === null ? {} : { ELEVATION_WITNESS: witness };
  const { code, output } = await job.pulumi(args, { env });
  // NB. a mandatory rule that meets an unknown value only warns, and the preview passes.
  const passed = code === 0 && !output.includes("can't run policy") && effects?.spent.length === 0;
  return { stack: stack.name, effects, passed, output };
}

function readEffects(job: Job, stack: Stack, known: Known): Previewed["effects"] | string {
  const config = (
    parse(readFileSync(join(job.root, "stacks", `Pulumi.${stack.name}.yaml`), "utf8")) as {
      config?: Record<string, string>;
    }
  ).config;
  try {
    const documents = loadJudge(job.root, (key) => config?.[key]);
    return effectsOn(stack, {
      ...{ root: job.root, project: job.project, organization: "organization", documents, now: Date.now() },
      ...known,
    });
  } catch (error) {
    if (!isGrantError(error)) throw error;
    return error.message.replaceAll(`${job.root}/`, "");
  }
}

/** The pull request's own documents are looked at, and judge nobody: whoever asks could write them. */
async function studyDocuments(
  { documents, sarif }: PreviewOptions,
  { folder, ...of }: Omit<StudyOf, "proposed" | "sarif">,
): Promise<PolicyChange | null> {
  if (documents === null) return null;
  if (!existsSync(documents)) throw new StepError(EXIT.badInput, `\`${documents}\` is no folder; give a checkout`);
  const inside = join(folder, "documents");
  mkdirSync(inside);
  if (sarif !== null) rmSync(sarif, { force: true });
  return studyPolicyChange({ ...of, folder: inside, proposed: resolve(documents), sarif });
}

function notesOn(
  previewed: readonly Previewed[],
  policy: PolicyChange | null,
  base: ReadonlySet<string> | null,
): readonly string[] {
  const asks = previewed.some(({ effects }) =>
    effects?.requests.some(({ decision }) => base?.has(decision.requestDigest) !== true),
  );
  if (policy === null || policy.meanings.length === 0 || !asks) return [];
  return [
    "This pull request asks for access and changes what judges it. Its requests are judged here as the protected branch does; after the merge the change decides. Ask in a pull request of its own.",
  ];
}

async function report(
  outcome: Outcome,
  { summary, pull }: PreviewOptions,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<void> {
  const markdown = renderSummary(outcome);
  if (summary === null) process.stdout.write(markdown);
  else appendFileSync(summary, markdown);
  const { GITHUB_TOKEN: token, GITHUB_REPOSITORY: repository, GITHUB_API_URL: api = "https://api.github.com" } = env;
  if (pull === null) return;
  if (token === undefined || token === "" || repository === undefined) {
    say("no comment was written: there is no `GITHUB_TOKEN` and `GITHUB_REPOSITORY`");
    return;
  }
  const fits = markdown.length <= LONGEST_COMMENT;
  await comment({ api, repository, pull, token }, fits ? markdown : renderShortSummary(outcome)).catch(
    (error: unknown) => {
      say(`no comment was written: ${error instanceof Error ? error.message : String(error)}`);
    },
  );
}
