// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import {
  AboutRequest,
  type AboutResponse,
  GeneratePackageRequest,
  GenerateProgramRequest,
  GenerateProjectRequest,
  GetProgramDependenciesRequest,
  type GetProgramDependenciesResponse,
  GetRequiredPackagesRequest,
  type GetRequiredPackagesResponse,
  GetRequiredPluginsRequest,
  type GetRequiredPluginsResponse,
  InstallDependenciesRequest,
  type InstallDependenciesResponse,
  LanguageHandshakeRequest,
  LinkRequest,
  PackRequest,
  RunPluginRequest,
  type RunPluginResponse,
  RunRequest,
  type RunResponse,
  RuntimeOptionsRequest,
  type RuntimeOptionsResponse,
  TemplateRequest,
} from "@pulumi/pulumi/proto/language_pb";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { isAlive, until } from "../../support/alive";
import { engineTimeoutMs, theEngine, theStandInHost } from "../../support/engine";
import { call, LanguageHost, messages, programInfo } from "./language-host";

/** Stands where `cmd/run` stands and writes down how it was called. */
const recorder = `
require("node:fs").writeFileSync("called.json", JSON.stringify({
  args: process.argv.slice(2), cwd: process.cwd(), execArgv: process.execArgv, pid: process.pid,
  env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("PULUMI_"))),
}));
`;

describe("the language host answers", function () {
  this.timeout(20_000);
  let file: string;
  let folder: string;
  let host: LanguageHost;

  before(async function () {
    this.timeout(engineTimeoutMs);
    const standIn = await theStandInHost();
    if (standIn === undefined) this.skip();
    file = standIn;
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "elevation-host-"));
    host = await LanguageHost.start(file, folder, "127.0.0.1:1");
  });
  afterEach(async () => {
    await host?.end();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const write = (name: string, text: string) => {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const entryPoint = (name: string, text: string) => write(`node_modules/@pulumi/pulumi/cmd/${name}/index.js`, text);
  const called = () => JSON.parse(readFileSync(join(folder, "called.json"), "utf8"));
  const run = (request: RunRequest) => call<RunResponse>((answer) => host.client.run(request, answer));
  const runRequest = () => {
    const request = new RunRequest();
    request.setInfo(programInfo(folder));
    request.setPwd(folder);
    request.setMonitorAddress("127.0.0.1:2");
    return request;
  };
  const plugin = (kind: string) => {
    const request = new RunPluginRequest();
    request.setInfo(programInfo(folder));
    request.setPwd(folder);
    request.setKind(kind);
    request.setArgsList(["127.0.0.1:3"]);
    request.setEnvList([`PATH=${process.env["PATH"]}`, "MINE=1"]);
    return request;
  };
  const text = (all: RunPluginResponse[], which: "stdout" | "stderr") =>
    all
      .map((message) =>
        Buffer.from(which === "stdout" ? message.getStdout_asU8() : message.getStderr_asU8()).toString(),
      )
      .join("");

  it("when an engine attaches, then Handshake takes its address for the programs that follow", async () => {
    entryPoint("run", recorder);
    const request = new LanguageHandshakeRequest();
    request.setEngineAddress("127.0.0.1:9");
    await call((answer) => host.client.handshake(request, answer));
    await run(runRequest());
    const { args } = called();
    assert.equal(args[args.indexOf("--engine") + 1], "127.0.0.1:9");
  });

  it("when asked for itself, then GetPluginInfo gives the engine's version", async () => {
    const info = await call<PluginInfo>((answer) => host.client.getPluginInfo(new Empty(), answer));
    assert.equal(info.getVersion(), `v${(await theEngine()).version}`);
  });

  it("when asked about the runtime, then About names node, its version and that this is a stand-in", async () => {
    const about = await call<AboutResponse>((answer) => host.client.about(new AboutRequest(), answer));
    assert.match(about.getExecutable(), /\/node$/);
    assert.equal(about.getVersion(), process.version);
    assert.deepEqual(about.getMetadataMap().toObject(), [
      ["language host", "stand-in"],
      ["packagemanager", "npm"],
    ]);
  });

  const writePackages = () => {
    write(
      "package.json",
      JSON.stringify({ name: "p", dependencies: { a: "^1.0.0", gone: "^9.0.0" }, devDependencies: { d: "1" } }),
    );
    write(
      "node_modules/a/package.json",
      JSON.stringify({ name: "a", version: "1.2.3", dependencies: { "@pulumi/b": "2" } }),
    );
    write(
      "node_modules/d/package.json",
      JSON.stringify({ name: "d", version: "1.0.0", optionalDependencies: { other: "1" } }),
    );
    const pulumi = { resource: true, name: "bee", version: "2.0.1", server: "https://plugins.example.com" };
    write(
      "node_modules/@pulumi/b/package.json",
      JSON.stringify({ name: "@pulumi/b", version: "2.0.0", dependencies: { a: "1" }, pulumi }),
    );
  };
  const dependencies = async (isTransitive: boolean) => {
    const request = new GetProgramDependenciesRequest();
    request.setInfo(programInfo(folder));
    request.setTransitivedependencies(isTransitive);
    const response = await call<GetProgramDependenciesResponse>((answer) =>
      host.client.getProgramDependencies(request, answer),
    );
    return response.getDependenciesList().map((one) => `${one.getName()} ${one.getVersion()}`);
  };

  it("when asked for dependencies, then GetProgramDependencies gives the direct ones as installed, or as asked for", async () => {
    writePackages();
    assert.deepEqual(await dependencies(false), ["a 1.2.3", "d 1.0.0", "gone ^9.0.0"]);
  });

  it("when asked for all dependencies, then GetProgramDependencies follows them, a circle too", async () => {
    writePackages();
    assert.deepEqual(await dependencies(true), ["@pulumi/b 2.0.0", "a 1.2.3", "d 1.0.0", "gone ^9.0.0"]);
  });

  it("when there is no package.json, then GetProgramDependencies says so", async () => {
    await assert.rejects(dependencies(false), {
      code: status.FAILED_PRECONDITION,
      details: `no package.json in \`${folder}\` or above; a Node.js program needs one`,
    });
  });

  it("when a package comes with a plugin, then GetRequiredPackages and GetRequiredPlugins name it", async () => {
    writePackages();
    const request = new GetRequiredPackagesRequest();
    request.setInfo(programInfo(folder));
    const packages = await call<GetRequiredPackagesResponse>((answer) =>
      host.client.getRequiredPackages(request, answer),
    );
    const pluginsRequest = new GetRequiredPluginsRequest();
    pluginsRequest.setInfo(programInfo(folder));
    const plugins = await call<GetRequiredPluginsResponse>((answer) =>
      host.client.getRequiredPlugins(pluginsRequest, answer),
    );
    for (const list of [packages.getPackagesList(), plugins.getPluginsList()]) {
      assert.deepEqual(
        list.map((one) => [one.getKind(), one.getName(), one.getVersion(), one.getServer()]),
        [["resource", "bee", "2.0.1", "https://plugins.example.com"]],
      );
    }
  });

  it("when there is no package.json, then GetRequiredPackages gives none, for the program may run all the same", async () => {
    const request = new GetRequiredPackagesRequest();
    request.setInfo(programInfo(folder));
    const packages = await call<GetRequiredPackagesResponse>((answer) =>
      host.client.getRequiredPackages(request, answer),
    );
    assert.deepEqual(packages.getPackagesList(), []);
  });

  it("when a program runs, then it gets every flag of the official entry point, its config and its options", async () => {
    entryPoint("run", recorder);
    const request = runRequest();
    request.setInfo(
      programInfo(folder, {
        typescript: false,
        tsconfig: "tsconfig.other.json",
        nodeargs: "--no-deprecation '--title=a b'",
      }),
    );
    request.setOrganization("acme");
    request.setProject("shop");
    request.setStack("dev");
    request.setParallel(7);
    request.setDryrun(true);
    request.setArgsList(["--extra", "one"]);
    request.getConfigMap().set("shop:size", "3");
    request.setConfigsecretkeysList(["shop:word"]);
    const response = await run(request);
    assert.deepEqual(response.toObject(), { error: "", bail: false });
    const { args, cwd, execArgv, env } = called();
    assert.deepEqual(args, [
      ...["--monitor", "127.0.0.1:2", "--engine", "127.0.0.1:1", "--organization", "acme", "--project", "shop"],
      ...["--root-directory", folder, "--stack", "dev", "--pwd", folder, "--parallel", "7", "--dry-run"],
      ...[".", "--extra", "one"],
    ]);
    assert.equal(cwd, folder);
    assert.deepEqual(execArgv, ["--no-deprecation", "--title=a b"]);
    assert.equal(env.PULUMI_CONFIG, '{"shop:size":"3"}');
    assert.equal(env.PULUMI_CONFIG_SECRET_KEYS, '["shop:word"]');
    assert.equal(env.PULUMI_NODEJS_TYPESCRIPT, "false");
    assert.equal(env.PULUMI_NODEJS_TSCONFIG_PATH, "tsconfig.other.json");
  });

  it("when a program writes, then Run forwards both of its outputs", async () => {
    entryPoint("run", 'console.log("to stdout"); console.error("to stderr");');
    await run(runRequest());
    await until(() => host.output.includes("to stdout") && host.output.includes("to stderr"));
  });

  const failures = [
    { when: "has shown its error", program: "process.exit(32)", error: "", bail: true },
    { when: "fails without a word", program: "process.exit(3)", error: "the program exited with code 3", bail: false },
    {
      when: "is killed",
      program: 'process.kill(process.pid, "SIGKILL")',
      error: "the program was ended: signal: killed",
      bail: false,
    },
  ];
  for (const { when, program, error, bail } of failures) {
    it(`when a program ${when}, then Run says so`, async () => {
      entryPoint("run", program);
      assert.deepEqual((await run(runRequest())).toObject(), { error, bail });
    });
  }

  it("when @pulumi/pulumi is not installed, then Run says what to do", async () => {
    assert.equal(
      (await run(runRequest())).getError(),
      `\`@pulumi/pulumi/cmd/run\` is not installed for \`${folder}\`; run \`npm ci\` where its package.json is`,
    );
  });

  it("when an option has the wrong type, then Run names it", async () => {
    entryPoint("run", recorder);
    const request = runRequest();
    request.setInfo(programInfo(folder, { typescript: "yes" }));
    assert.equal(
      (await run(request)).getError(),
      "the runtime option `typescript` is not true or false; correct it where `runtime` is set",
    );
  });

  it("when a debugger is to be attached, then Run says that it can't", async () => {
    entryPoint("run", recorder);
    const request = runRequest();
    request.setAttachDebugger(true);
    assert.equal(
      (await run(request)).getError(),
      "attaching a debugger is not supported by the stand-in language host; use an official Pulumi release for it",
    );
  });

  it("when a plugin runs, then RunPlugin gives it its folder, arguments and environment and streams its outputs and exit code", async () => {
    entryPoint(
      "run-plugin",
      `${recorder}console.log(process.env.MINE); console.error("to stderr"); process.exitCode = 5;`,
    );
    const all = await messages<RunPluginResponse>(host.client.runPlugin(plugin("resource")));
    assert.equal(text(all, "stdout"), "1\n");
    assert.equal(text(all, "stderr"), "to stderr\n");
    assert.equal(all.at(-1)?.getExitcode(), 5);
    assert.deepEqual(called().args, [folder, "127.0.0.1:3"]);
  });

  it("when the stream of a plugin ends, then the plugin does, with what it started", async () => {
    entryPoint(
      "run-plugin",
      `${recorder}
      const child = require("node:child_process").spawn("sleep", ["300"]);
      console.log(child.pid);
      setInterval(() => {}, 1000);`,
    );
    const stream = host.client.runPlugin(plugin("resource"));
    stream.on("error", () => undefined);
    const [first] = (await once(stream, "data")) as [RunPluginResponse];
    const pids = [called().pid, Number(Buffer.from(first.getStdout_asU8()).toString())];
    assert.ok(pids.every(isAlive));
    stream.cancel();
    await until(() => !pids.some(isAlive));
  });

  it("when a policy pack can't be found by its `main`, then RunPlugin names it", async () => {
    entryPoint("run-policy-pack", recorder);
    write("PulumiPolicy.yaml", "runtime: nodejs\nmain: dist/pack.js\n");
    await assert.rejects(messages(host.client.runPlugin(plugin("analyzer"))), {
      code: status.FAILED_PRECONDITION,
      details: `\`main: dist/pack.js\` in \`${folder}/PulumiPolicy.yaml\` names nothing that exists; build the policy pack or correct \`main\``,
    });
  });

  it("when a policy pack's packages are not installed, then RunPlugin says it in the words that the engine knows", async () => {
    const stream = host.client.runPlugin(plugin("analyzer"));
    const all: RunPluginResponse[] = [];
    stream.on("data", (message: RunPluginResponse) => all.push(message));
    await assert.rejects(once(stream, "end"));
    assert.equal(text(all, "stderr"), "Cannot find module '@pulumi/pulumi/cmd/run-policy-pack'\n");
  });

  it("when everything is cancelled, then Cancel ends the program and its Run answers", async () => {
    entryPoint("run", `${recorder}setInterval(() => {}, 1000);`);
    const running = run(runRequest());
    await until(() => existsSync(join(folder, "called.json")));
    await call((answer) => host.client.cancel(new Empty(), answer));
    assert.equal((await running).getError(), "the program was ended: signal: killed");
  });

  it("when dependencies are installed, then InstallDependencies streams what npm says and installs them", async () => {
    write("dep/package.json", JSON.stringify({ name: "dep", version: "1.0.0" }));
    write("package.json", JSON.stringify({ name: "p", version: "1.0.0", dependencies: { dep: "file:dep" } }));
    const request = new InstallDependenciesRequest();
    request.setInfo(programInfo(folder));
    const all = await messages<InstallDependenciesResponse>(host.client.installDependencies(request));
    const said = all.map((message) => Buffer.from(message.getStdout_asU8()).toString()).join("");
    assert.match(said, /^npm install --loglevel=error --no-fund --no-audit\n/);
    assert.match(said, /added 1 package/);
    assert.ok(existsSync(join(folder, "node_modules/dep/package.json")));
  });

  it("when npm fails, then InstallDependencies does, after npm's own words", async () => {
    write("package.json", "{ no json");
    const request = new InstallDependenciesRequest();
    request.setInfo(programInfo(folder));
    await assert.rejects(messages(host.client.installDependencies(request)), {
      code: status.ABORTED,
      details: `\`npm install --loglevel=error --no-fund --no-audit\` failed in \`${folder}\`: exit status 1`,
    });
  });

  it("when another package manager is asked for, then InstallDependencies refuses", async () => {
    const request = new InstallDependenciesRequest();
    request.setInfo(programInfo(folder, { packagemanager: "pnpm" }));
    await assert.rejects(messages(host.client.installDependencies(request)), unsupported("the package manager `pnpm`"));
  });

  it("when a project is made, then RuntimeOptionsPrompts asks nothing and Template changes nothing", async () => {
    const prompts = await call<RuntimeOptionsResponse>((answer) =>
      host.client.runtimeOptionsPrompts(new RuntimeOptionsRequest(), answer),
    );
    assert.deepEqual(prompts.getPromptsList(), []);
    await call((answer) => host.client.template(new TemplateRequest(), answer));
  });

  const refused: [string, string, () => Promise<unknown>][] = [
    [
      "GenerateProgram",
      "generating a program",
      () => call((answer) => host.client.generateProgram(new GenerateProgramRequest(), answer)),
    ],
    [
      "GenerateProject",
      "generating a project",
      () => call((answer) => host.client.generateProject(new GenerateProjectRequest(), answer)),
    ],
    [
      "GeneratePackage",
      "generating an SDK",
      () => call((answer) => host.client.generatePackage(new GeneratePackageRequest(), answer)),
    ],
    ["Pack", "packing an SDK", () => call((answer) => host.client.pack(new PackRequest(), answer))],
    ["Link", "linking a local package", () => call((answer) => host.client.link(new LinkRequest(), answer))],
  ];
  for (const [name, what, make] of refused) {
    it(`when code is to be made, then ${name} says that it is not supported`, async () => {
      await assert.rejects(make(), unsupported(what));
    });
  }

  it("when the host is killed, then its program ends", async function () {
    if (process.platform !== "linux") this.skip();
    entryPoint("run", `${recorder}setInterval(() => {}, 1000);`);
    run(runRequest()).catch(() => undefined);
    await until(() => existsSync(join(folder, "called.json")));
    host.process.kill("SIGKILL");
    await until(() => !isAlive(called().pid));
  });
});

function unsupported(what: string) {
  return {
    code: status.UNIMPLEMENTED,
    details: `${what} is not supported by the stand-in language host; use an official Pulumi release for it`,
  };
}
