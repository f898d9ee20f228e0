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

/** What actionlint can't know: who may hold what. `npm run lint:workflows` runs actionlint itself. */
describe("the workflows", () => {
  const folder = join(repository, ".github", "workflows");
  const all = readdirSync(folder).map((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    return { name, text, workflow: parse(text) as Workflow };
  });
  const jobs = all.flatMap(({ name, workflow }) => Object.values(workflow.jobs).map((job) => ({ name, job })));

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
    const permissions = Object.fromEntries(jobs.map(({ name, job }) => [name, job.permissions]));
    assert.deepEqual(permissions, {
      "deploy.yml": { contents: "read" },
      "preview.yml": { contents: "read", actions: "read", "pull-requests": "write" },
      "recover.yml": { contents: "read" },
      "schedule.yml": { contents: "read" },
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

  it("when a pull request is previewed, then the code is the protected branch's and only its requests are taken, as data", () => {
    const preview = all.find(({ name }) => name === "preview.yml") ?? assert.fail();
    assert.deepEqual(Object.keys(preview.workflow.on), ["pull_request_target"]);
    const [own, theirs, ...none] = (preview.workflow.jobs["preview"]?.steps ?? []).filter(
      ({ uses }) => uses?.startsWith("actions/checkout@") === true,
    );
    assert.deepEqual(none, []);
    assert.equal(own?.with?.["ref"], undefined, "pull_request_target checks out the base");
    assert.equal(theirs?.with?.["sparse-checkout"], "stacks/requests");
    assert.equal(theirs?.with?.["path"], "pull-request");
  });

  it("when a script is run, then nothing that others write is pasted into it", () => {
    for (const { name, job } of jobs)
      for (const { run } of job.steps) assert.ok(run === undefined || !run.includes("${{"), `${name}: ${run}`);
  });

  it("when two runs meet, then neither deploy nor schedule is cancelled", () => {
    for (const { name, workflow } of all.filter(({ name }) => name !== "preview.yml"))
      assert.deepEqual(
        workflow.concurrency,
        { group: name === "schedule.yml" ? "elevation-schedule" : "elevation-deploy", "cancel-in-progress": false },
        name,
      );
  });
});
