// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "@elevation/scripts/support/workspace";
import { parse } from "yaml";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Record<string, string>;
  readonly with?: Record<string, unknown>;
}
interface Job {
  readonly permissions?: Record<string, string>;
  readonly needs?: string;
  readonly environment?: string;
  readonly env?: Record<string, string>;
  readonly "timeout-minutes"?: number;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly on: Record<string, unknown>;
  readonly permissions: Record<string, string>;
  readonly concurrency: { readonly group: string };
  readonly jobs: Record<string, Job>;
}

/** As GitHub writes one. */
function expression(text: string): string {
  return `\${{ ${text} }}`;
}

/** What actionlint can't know: who may hold what. `npm run lint:workflows` runs actionlint itself. */
describe("the workflows", () => {
  const folder = join(repository, ".github", "workflows");
  const all = readdirSync(folder).map((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    return { name, text, workflow: parse(text) as Workflow };
  });
  const jobs = all.flatMap(({ name, workflow }) =>
    Object.entries(workflow.jobs).map(([id, job]) => ({ name, id, job })),
  );

  it("when one is added, then somebody has read this file", () => {
    assert.deepEqual(all.map(({ name }) => name).sort(), ["deploy.yml", "preview.yml", "recover.yml", "schedule.yml"]);
  });

  it("when an action is used, then it is pinned by its commit, with its version beside it", () => {
    for (const { name, text } of all) {
      for (const line of text.split("\n").filter((text) => text.includes("uses:")))
        assert.match(line, /uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, name);
    }
  });

  it("when a workflow runs, then it has no permission but those that each job lists, and never keeps a checkout's token", () => {
    for (const { workflow, name } of all) assert.deepEqual(workflow.permissions, {}, name);
    const permissions = Object.fromEntries(jobs.map(({ name, id, job }) => [`${name} ${id}`, job.permissions]));
    assert.deepEqual(permissions, {
      "deploy.yml deploy": { contents: "read" },
      "preview.yml preview": { contents: "read", actions: "read", "pull-requests": "write" },
      "preview.yml code-scanning": { actions: "read", "security-events": "write" },
      "recover.yml recover": { contents: "read" },
      "schedule.yml schedule": { contents: "read" },
    });
    for (const { name, job } of jobs) {
      for (const step of job.steps.filter(({ uses }) => uses?.startsWith("actions/checkout@") === true))
        assert.equal(step.with?.["persist-credentials"], false, name);
      assert.ok(job["timeout-minutes"] !== undefined, name);
    }
  });

  it("when a job holds a secret, then it is one of the protected environment, and never the preview", () => {
    for (const { name, text } of all.filter(({ text }) => text.includes("secrets.")))
      assert.ok(name !== "preview.yml" && text.includes("environment: elevation"), name);
  });

  it("when a pull request is previewed, then the code is the protected branch's and only its documents are taken, as data", () => {
    const preview = all.find(({ name }) => name === "preview.yml") ?? assert.fail();
    assert.deepEqual(Object.keys(preview.workflow.on), ["pull_request_target"]);
    const [own, theirs, ...none] = (preview.workflow.jobs["preview"]?.steps ?? []).filter(
      ({ uses }) => uses?.startsWith("actions/checkout@") === true,
    );
    assert.deepEqual(none, []);
    assert.equal(own?.with?.["ref"], undefined, "pull_request_target checks out the base");
    assert.equal(theirs?.with?.["ref"], `refs/pull/${expression("github.event.pull_request.number")}/merge`);
    assert.equal(theirs?.with?.["path"], "pull-request");
    // NB. with cones all files of the folders on the way would come along.
    assert.equal(theirs?.with?.["sparse-checkout-cone-mode"], false);
    assert.deepEqual(String(theirs?.with?.["sparse-checkout"]).trimEnd().split("\n"), [
      "/stacks/requests/",
      "/stacks/Pulumi.*.yaml",
      "/policypack/**/*.yaml",
      "/policypack/**/*.yml",
      "/policypack/**/*.json",
    ]);
  });

  it("when a job may write to code scanning, then it runs no code of any checkout and comes after one that refuses public repositories", () => {
    const { "code-scanning": upload } = all.find(({ name }) => name === "preview.yml")?.workflow.jobs ?? {};
    assert.equal(upload?.needs, "preview");
    assert.deepEqual(
      upload?.steps.map(({ uses }) => uses),
      [undefined],
    );
    assert.match(upload?.steps[0]?.run ?? "", /^gh run download /);
    for (const { id, job } of jobs)
      assert.equal(job.permissions?.["security-events"] !== undefined, id === "code-scanning");
  });

  it("when a script is run, then nothing that others write is pasted into it", () => {
    for (const { name, job } of jobs)
      for (const { run } of job.steps) assert.ok(run === undefined || !run.includes("${{"), `${name}: ${run}`);
  });

  it("when two runs meet, then none is cancelled, and none takes another's lock", () => {
    for (const { name, workflow } of all.filter(({ name }) => name !== "preview.yml"))
      assert.deepEqual(workflow.concurrency, { group: "elevation", "cancel-in-progress": false }, name);
  });

  it("when a job holds secrets, then only the step that runs the pipeline has them, and it runs the tip of the branch", () => {
    for (const { name, job } of jobs.filter(({ name }) => name !== "preview.yml")) {
      assert.equal(job.env, undefined, name);
      for (const { env, run, uses } of job.steps) {
        const holds = Object.values(env ?? {}).some((value) => value.includes("secrets."));
        assert.equal(holds, run?.startsWith("node scripts/dist/pipeline.js ") === true, `${name}: ${run ?? uses}`);
      }
      const [checkout] = job.steps;
      assert.equal(checkout?.with?.["ref"], expression("github.event.repository.default_branch || 'main'"), name);
    }
  });

  it("when the repository is public, then nothing that names people is published or commented", () => {
    for (const { name, text } of all.filter(
      ({ name, text }) => name !== "preview.yml" && text.includes("upload-artifact"),
    ))
      assert.match(text, /steps\.repository\.outputs\.private == 'true' && hashFiles/, name);
    const preview = all.find(({ name }) => name === "preview.yml");
    assert.match(preview?.text ?? "", /^ {4}if: github\.event\.repository\.private$/m);
  });
});
