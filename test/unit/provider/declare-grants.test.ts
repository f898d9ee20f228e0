// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, type Judge, type Request, readJudge, readRequest } from "@elevation/domain";
import { initJournal, Journal, type JournalView } from "@elevation/journal";
import { declareGrants } from "@elevation/provider";
import type { RequestFile } from "@elevation/provider/loader";
import { type Choice, type ChooseBy, chooseRequests } from "@elevation/provider/loader/choose-requests";
import * as pulumi from "@pulumi/pulumi";
import { anEvent, anIntent, JOB } from "../../support/journal-events";
import { JournalFolder } from "../../support/journal-folder";
import { aRequest, START } from "../../support/lifecycle";

const POLICY = `
apiVersion: elevation/v1
kind: Policy
environments: { production: {}, staging: {} }
roles:
  orders-admin:
    targets:
      production: { kind: postgres, connection: orders, role: orders_admin }
      staging: { kind: postgres, connection: orders, role: orders_admin }
  orders-cloud:
    targets: { production: { kind: aws, connection: orders, role: orders } }
rules:
  - id: dba
    effect: allow
    who: { jobFunctions: [dba] }
    roles: "*"
    environments: [production]
    duration: { max: PT1H }
requests: { proof: none }
`;
const DIRECTORY = `
apiVersion: elevation/v1
kind: Directory
jobFunctions: { dba: {} }
people:
  alice@example.com: { name: Alice, jobFunctions: [dba], identities: { postgres: alice, aws: alice } }
  mallory@example.com: { name: Mallory, identities: { postgres: mallory } }
`;
const STACK = { organization: "organization", project: "elevation", stack: "production" };

const documents = judgeOf(POLICY);

function judgeOf(policy: string): Judge {
  return readJudge({ file: "elevation.yaml", text: policy }, { file: "directory.yaml", text: DIRECTORY });
}

function fileOf(request: Request): RequestFile {
  const origin = `${request.metadata.name}.json`;
  return { origin, document: readRequest({ file: origin, text: JSON.stringify(request) }) };
}

describe("which request files become Grants", () => {
  const allowed = fileOf(aRequest({}, "allowed"));
  const denied = fileOf(aRequest({ requester: "mallory@example.com" }, "denied"));
  const lapsed = fileOf(aRequest({ requestedAt: "2026-11-22T09:30:00Z" }, "lapsed"));
  const other = fileOf(aRequest({ environment: "staging" }, "other"));
  const typo = fileOf(aRequest({ environment: "prodution" }, "typo"));
  const all = [allowed, denied, lapsed, other, typo];

  let folder: JournalFolder;
  beforeEach(async () => {
    folder = await JournalFolder.empty();
    await initJournal(folder.store(), JOB, START - 7 * 86_400_000);
  });
  afterEach(() => folder.remove());

  /** The view of a journal in which the grants of these files are live, or have ended. */
  async function view(live: readonly RequestFile[] = [], ended: readonly RequestFile[] = []): Promise<JournalView> {
    const intend = ({ document }: RequestFile) =>
      anEvent("activating", document.digest, anIntent({ ...STACK, request: document.value }));
    const events = [...live, ...ended].flatMap((file) => [intend(file), anEvent("activated", file.document.digest)]);
    await folder.store().append([...events, ...ended.map(({ document }) => anEvent("expired", document.digest))]);
    return (await Journal.open(folder.store(), await folder.id())).view();
  }

  function choose(files: readonly RequestFile[], by: Partial<ChooseBy>): Choice {
    const whole = { documents, view: null, stack: STACK, served: ["production"], now: START, deploying: true, ...by };
    return chooseRequests(files, whole);
  }

  /** Names in each list that isn't empty. */
  function names({ elsewhere, ...judged }: Choice): Record<string, string[]> {
    const lists = Object.entries(judged).map(([fate, files]) => [fate, files.map(({ file }) => nameOf(file))] as const);
    return Object.fromEntries(
      [...lists, ["elsewhere", elsewhere.map(nameOf)] as const].filter(([, of]) => of.length > 0),
    );
  }
  const nameOf = ({ document }: RequestFile) => document.value.metadata.name;

  it("when it deploys, then the allowed are declared, the denied and the misspelt reported, the lapsed left out", async () => {
    assert.deepEqual(names(choose(all, { view: await view() })), {
      declare: ["allowed"],
      inert: ["lapsed"],
      denied: ["denied", "typo"].sort(byDigest(denied, typo)),
      elsewhere: ["other"],
    });
  });

  it("when it previews, then all that are not inert are declared, for the pack to judge", async () => {
    const { declare, ...rest } = names(choose(all, { view: await view(), deploying: false }));
    assert.deepEqual(declare?.sort(), ["allowed", "denied", "typo"]);
    assert.deepEqual(rest, { inert: ["lapsed"], elsewhere: ["other"] });
  });

  it("when no policy knows the environment, then the denial has the nearest name, in a stack of any environment", async () => {
    for (const served of [["production"], ["staging"]]) {
      const [{ decision } = assert.fail()] = choose([typo], { view: await view(), served }).denied;
      assert.deepEqual(
        decision.violations.map(({ id, message }) => [id, message]),
        [
          [
            "unknown-environment",
            "`typo` asks for environment `prodution`, which the policy does not have; did you mean `production`?",
          ],
        ],
      );
    }
  });

  it("when a misspelt request lapsed, then it fails nobody's preview any more", async () => {
    const now = START + 86_400_000;
    for (const deploying of [true, false])
      assert.deepEqual(names(choose([typo], { view: await view(), now, deploying })), { inert: ["typo"] });
  });

  it("when there is no trusted journal, then all of this stack are declared, whatever they are", () => {
    const { declare, ...rest } = names(choose(all, { view: null }));
    assert.deepEqual(declare?.sort(), ["allowed", "denied", "lapsed"]);
    assert.deepEqual(rest, { denied: ["typo"], elsewhere: ["other"] });
  });

  it("when there is no trusted journal in a preview, then the misspelt are declared too", () => {
    const { declare, ...rest } = names(choose(all, { view: null, deploying: false }));
    assert.deepEqual(declare?.sort(), ["allowed", "denied", "lapsed", "typo"]);
    assert.deepEqual(rest, { elsewhere: ["other"] });
  });

  it("when a live grant is outside of every rule today, then it is declared in a deploy", async () => {
    assert.deepEqual(names(choose([denied], { view: await view([denied]) })), { declare: ["denied"] });
    const nothing = POLICY.replace("jobFunctions: [dba] }\n    roles", "people: [mallory@example.com] }\n    roles");
    assert.deepEqual(names(choose([allowed], { view: await view([allowed]), documents: judgeOf(nothing) })), {
      declare: ["allowed"],
    });
  });

  it("when a live grant lapsed and left its environment's stack, then it is declared, and left out", async () => {
    const now = START + 30 * 86_400_000;
    assert.deepEqual(names(choose([allowed], { view: await view([allowed]), now })), { declare: ["allowed"] });
    assert.deepEqual(names(choose([typo], { view: await view([typo]) })), { elsewhere: ["typo"] });
  });

  it("when a grant ended, then its request is inert, in a preview too", async () => {
    for (const deploying of [true, false]) {
      const [{ decision } = assert.fail()] = choose([allowed], { view: await view([], [allowed]), deploying }).inert;
      assert.deepEqual(
        decision.violations.map(({ id }) => id),
        ["request-ended"],
      );
      await folder.remove();
      folder = await JournalFolder.empty();
      await initJournal(folder.store(), JOB, START - 7 * 86_400_000);
    }
  });

  it("when a digest is live in another stack, then it is denied here", async () => {
    const stack = { ...STACK, stack: "other" };
    assert.deepEqual(names(choose([allowed], { view: await view([allowed]), stack })), { denied: ["allowed"] });
  });

  it("when an allowed request's target is of a kind that this version doesn't serve, then it is left out, and stops nobody", async () => {
    const cloud = fileOf(aRequest({ role: "orders-cloud" }, "cloud"));
    assert.deepEqual(names(choose([cloud, allowed], { view: await view() })), {
      declare: ["allowed"],
      unserved: ["cloud"],
    });
  });

  it("when requests are judged, then in order of requestedAt, then digest, whatever the order of the files", async () => {
    const files = ["09:20", "09:10", "09:30", "09:30", "09:30"].map((time, index) =>
      fileOf(aRequest({ requestedAt: `2026-11-24T${time}:00Z` }, `r${index}`)),
    );
    const tied = files.slice(2).sort((one, two) => (one.document.digest < two.document.digest ? -1 : 1));
    const expected = ["r1", "r0", ...tied.map(nameOf)];
    const seen = await view();
    assert.deepEqual(names(choose(files, { view: seen })), { declare: expected });
    assert.deepEqual(names(choose([...files].reverse(), { view: seen })), { declare: expected });
    // An instant is what it names, not how it is written.
    const later = fileOf(aRequest({ requestedAt: "2026-11-24T11:05:00+02:00" }, "zone"));
    assert.deepEqual(names(choose([...files, later], { view: seen }))["declare"]?.[0], "zone");
  });

  it("when a request prolongs a live grant, then it is declared; one that was allowed a moment ago may come too late for it", async () => {
    const judged = judgeOf(POLICY.replace("{ max: PT1H }", "{ max: PT1H }\n    extensions: { max: 1, upTo: PT1H }"));
    const second = fileOf(
      aRequest({ extends: allowed.document.digest, requestedAt: "2026-11-24T09:40:00Z" }, "second"),
    );
    const files = [second, allowed];
    const live = choose(files, { documents: judged, view: await view([allowed]) });
    assert.deepEqual(names(live), { declare: ["allowed", "second"] });
    assert.equal(live.declare[1]?.decision.activatesAt, "2026-11-24T12:30:00.000Z");
    await folder.remove();
    folder = await JournalFolder.empty();
    await initJournal(folder.store(), JOB, START - 7 * 86_400_000);
    const fresh = choose(files, { documents: judged, view: await view() });
    assert.deepEqual(names(fresh), { declare: ["allowed"], denied: ["second"] });
    assert.deepEqual(
      fresh.denied[0]?.decision.violations.map(({ message }) => message),
      [
        `\`second\` prolongs \`${allowed.document.digest}\`, which is no live grant; write a new request without \`extends\``,
      ],
    );
  });

  it("when an extension was allowed a moment ago, then it counts as live for those behind it", async () => {
    const limits = "limits: { perPerson: { live: 2 } }";
    const extending = POLICY.replace("{ max: PT1H }", "{ max: PT1H }\n    extensions: { max: 1, upTo: PT1H }");
    const second = fileOf(
      aRequest({ extends: allowed.document.digest, requestedAt: "2026-11-24T09:40:00Z" }, "second"),
    );
    const third = fileOf(aRequest({ requestedAt: "2026-11-24T09:50:00Z" }, "third"));
    const choice = choose([third, second, allowed], {
      documents: judgeOf(`${extending}${limits}`),
      view: await view([allowed]),
    });
    assert.deepEqual(names(choice), { declare: ["allowed", "second"], denied: ["third"] });
  });

  it("when break-glass requests were allowed a moment ago, then they wait for their review for those behind them", async () => {
    const glass =
      'breakGlass: { who: everyone, roles: "*", environments: "*", maxDuration: PT1H, review: { from: everyone, within: P1D } }';
    const files = ["09:10", "09:20", "09:30"].map((time) =>
      fileOf(aRequest({ breakGlass: true, requestedAt: `2026-11-24T${time}:00Z` }, `at-${time.replace(":", "")}`)),
    );
    const choice = choose(files, { documents: judgeOf(`${POLICY}${glass}`), view: await view() });
    assert.deepEqual(names(choice), { declare: ["at-0910", "at-0920"], denied: ["at-0930"] });
    assert.deepEqual(
      choice.denied[0]?.decision.violations.map(({ id }) => id),
      ["break-glass-review-overdue"],
    );
  });

  it("when limits are reached by those allowed a moment ago, then those behind them are denied, scheduled ones not counted", async () => {
    const documents = judgeOf(`${POLICY}limits: { perRole: { orders-admin: { live: 1 } } }`);
    const later = fileOf(aRequest({ requestedAt: "2026-11-24T09:05:00Z", startAt: "2026-11-24T18:00:00Z" }, "later"));
    const last = fileOf(aRequest({ requestedAt: "2026-11-24T09:40:00Z" }, "last"));
    assert.deepEqual(names(choose([last, later, allowed], { documents, view: await view() })), {
      declare: ["later", "allowed"],
      denied: ["last"],
    });
  });

  it("when some are allowed, then they count as live for those behind them: once, and only from their start on", async () => {
    const seen = await view([allowed]);
    const first = fileOf(aRequest({ requestedAt: "2026-11-24T09:00:00Z" }, "first"));
    const later = fileOf(aRequest({ requestedAt: "2026-11-24T09:05:00Z", startAt: "2026-11-24T18:00:00Z" }, "later"));
    const refused = fileOf(
      aRequest({ requestedAt: "2026-11-24T09:06:00Z", requester: "mallory@example.com" }, "refused"),
    );
    const last = fileOf(aRequest({ requestedAt: "2026-11-24T09:40:00Z" }, "last"));
    const files = [last, refused, later, first, allowed];
    const limited = (live: number) => judgeOf(`${POLICY}limits: { perRole: { orders-admin: { live: ${live} } } }\n`);
    assert.deepEqual(names(choose(files, { view: seen, documents: limited(3) })), {
      declare: ["first", "later", "allowed", "last"],
      denied: ["refused"],
    });
    const { denied: over } = choose(files, { view: seen, documents: limited(2) });
    assert.deepEqual(
      over.map(({ file, decision }) => [
        nameOf(file),
        ...decision.violations.map(({ id, observed }) => `${id} ${observed}`),
      ]),
      [
        ["later", "limit-exceeded 3"],
        ["refused", "not-eligible mallory@example.com", "limit-exceeded 3"],
        ["last", "limit-exceeded 3"],
      ],
    );
  });

  function byDigest(one: RequestFile, two: RequestFile) {
    const order = [one, two].sort((a, b) => (a.document.digest < b.document.digest ? -1 : 1)).map(nameOf);
    return (a: string, b: string) => order.indexOf(a) - order.indexOf(b);
  }
});

describe("declareGrants in a program", () => {
  const now = (days = 0) => new Date(Date.now() - 1_000 - days * 86_400_000).toISOString();
  const cwd = process.cwd();
  const env = { ...process.env };
  const consoleOf = { info: console.log, warn: console.warn };
  let project: string;
  let journal: JournalFolder;
  let declared: string[];
  let said: string[];

  beforeEach(async () => {
    project = mkdtempSync(join(tmpdir(), "elevation-project-"));
    for (const folder of ["policypack", "stacks/requests"]) mkdirSync(join(project, folder), { recursive: true });
    writeFileSync(join(project, "Pulumi.yaml"), "name: elevation\nruntime: nodejs\n");
    writeFileSync(join(project, "policypack", "elevation.yaml"), POLICY);
    writeFileSync(join(project, "policypack", "directory.yaml"), DIRECTORY);
    process.chdir(join(project, "stacks"));
    journal = await JournalFolder.empty();
    await initJournal(journal.store(), JOB, Date.now() - 10 * 86_400_000);
    process.env["ELEVATION_JOURNAL"] = journal.address;
    process.env["ELEVATION_JOURNAL_ID"] = await journal.id();
    process.env["ELEVATION_DEPLOY"] = "1";
    [declared, said] = [[], []];
    console.log = (line: string) => void said.push(line);
    console.warn = (line: string) => void said.push(line);
    await start(false);
  });
  afterEach(async () => {
    Object.assign(console, { log: consoleOf.info, warn: consoleOf.warn });
    process.chdir(cwd);
    for (const key of Object.keys(process.env)) if (!(key in env)) delete process.env[key];
    Object.assign(process.env, env);
    pulumi.runtime.setAllConfig({});
    rmSync(project, { recursive: true });
    await journal.remove();
  });

  async function start(isPreview: boolean, config: Record<string, string> = {}): Promise<void> {
    const newResource = ({ name, inputs }: pulumi.runtime.MockResourceArgs) => {
      declared.push(name.slice(0, -13));
      return { id: name, state: inputs };
    };
    await pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "elevation", "production", isPreview, "acme");
    pulumi.runtime.setAllConfig({ "elevation:environments": '["production"]', ...config });
  }

  function write(request: Request): void {
    writeFileSync(`requests/${request.metadata.name}.json`, JSON.stringify(request));
  }

  async function declare(): Promise<string[]> {
    await declareGrants();
    await pulumi.runtime.disconnect();
    return declared.sort();
  }

  async function denials(): Promise<string[]> {
    const events = (await journal.store().read()).slice(1);
    return events.map(({ type, request }) => `${type} ${request}`);
  }

  it("when it deploys, then the denied and the misspelt are reported and journaled, once", async () => {
    const misspelt = aRequest({ requestedAt: now(), environment: "prodution" }, "misspelt");
    write(aRequest({ requestedAt: now() }, "fine"));
    write(misspelt);
    write(aRequest({ requestedAt: now(), environment: "staging" }, "other"));
    assert.deepEqual(await declare(), ["fine"]);
    assert.deepEqual(said, [
      "info: [runtime] 1 request file is for `staging`, which this stack does not serve",
      "warning: [runtime] misspelt.json is denied and not declared:\n  [unknown-environment] `misspelt` asks for environment `prodution`, which the policy does not have; did you mean `production`?",
    ]);
    const once = [`decided ${digestOf(misspelt)}`];
    assert.deepEqual(await denials(), once);
    declared = [];
    assert.deepEqual(await declare(), ["fine"]);
    assert.deepEqual(await denials(), once);
  });

  it("when grants are declared, then no stack of their making is kept, and those of others are as before", async () => {
    write(aRequest({ requestedAt: now() }, "fine"));
    const { stackTraceLimit } = Error;
    let limit: number | undefined;
    const defineProperty = Object.defineProperty;
    Object.defineProperty = <T>(...args: [T, PropertyKey, PropertyDescriptor & ThisType<unknown>]): T => {
      if (args[1] === "_debugStackTrace") limit ??= Error.stackTraceLimit;
      return defineProperty(...args);
    };
    try {
      assert.deepEqual(await declare(), ["fine"]);
    } finally {
      Object.defineProperty = defineProperty;
    }
    assert.equal(limit, 0);
    assert.equal(Error.stackTraceLimit, stackTraceLimit);
  });

  it("when the same run is dry, then the denied are reported and not journaled", async () => {
    await start(true);
    write(aRequest({ requestedAt: now(), requester: "mallory@example.com" }, "denied"));
    assert.deepEqual(await declare(), []);
    assert.match(
      said.join("\n"),
      /^warning: \[runtime\] denied\.json is denied and not declared:\n {2}\[not-eligible\]/,
    );
    assert.deepEqual(await denials(), []);
  });

  it("when a request lapsed, then it is left out with an info", async () => {
    write(aRequest({ requestedAt: now(3) }, "old"));
    assert.deepEqual(await declare(), []);
    assert.match(said.join("\n"), /^info: \[runtime\] old\.json is not declared: `old` had to be activated before /);
  });

  it("when the journal was cut below the witness, then all are declared, the denied too", async () => {
    write(aRequest({ requestedAt: now(), requester: "mallory@example.com" }, "live-before-the-cut"));
    process.env["ELEVATION_WITNESS"] = JSON.stringify({ seq: 7, hash: "a".repeat(64) });
    assert.deepEqual(await declare(), ["live-before-the-cut"]);
    assert.deepEqual(said, [
      "warning: [runtime] the journal lacks event 7, which the stack's exported state has seen: it was cut, replaced or restored from a backup; restore the whole journal. All requests are declared, none can be granted",
    ]);
    assert.deepEqual(await denials(), []);
  });

  it("when the journal holds the witness, or the state has none, then requests are judged", async () => {
    write(aRequest({ requestedAt: now(), requester: "mallory@example.com" }, "denied"));
    for (const witness of [{ seq: 1, hash: await journal.id() }, null]) {
      process.env["ELEVATION_WITNESS"] = JSON.stringify(witness);
      assert.deepEqual(await declare(), []);
    }
  });

  for (const witness of ["", "12", "{}", '{"seq":0,"hash":"00"}', "nonsense"]) {
    it(`when the witness is \`${witness}\`, then the program fails, and declares nothing`, async () => {
      process.env["ELEVATION_WITNESS"] = witness;
      await assert.rejects(declareGrants(), {
        code: "input-invalid",
        message:
          '`ELEVATION_WITNESS` holds no witness; set it to the highest `witness` of the exported state, as in {"seq":12,"hash":"<64 hex digits>"}, or to null if no grant there has one',
      });
    });
  }

  it("when stack config holds anything else, then each key is refused with what it should be", async () => {
    const config = {
      enviroments: "[]",
      journalId: "x",
      "connection-orders": "x",
      ELEVATION_DEPLOY: "1",
      proof: "none",
    };
    await start(false, Object.fromEntries(Object.entries(config).map(([key, value]) => [`elevation:${key}`, value])));
    pulumi.runtime.setConfig("aws:region", "eu-central-1");
    const only = "and only `elevation:policy`, `elevation:directory` and `elevation:environments` are read";
    const anchor = (key: string, variable: string) =>
      `stack config holds \`elevation:${key}\`, which counts only from the job's environment, as \`${variable}\`; remove it from the stack's config`;
    await assert.rejects(declareGrants(), {
      code: "input-invalid",
      message: [
        `stack config holds \`elevation:enviroments\`, ${only}; did you mean \`environments\`?`,
        anchor("journalId", "ELEVATION_JOURNAL_ID"),
        anchor("connection-orders", "ELEVATION_CONNECTION_<NAME>"),
        anchor("ELEVATION_DEPLOY", "ELEVATION_DEPLOY"),
        `stack config holds \`elevation:proof\`, ${only}; the nearest known name is \`policy\``,
      ].join("\n"),
    });
  });

  it("when the stack serves an environment that the policy doesn't have, then the program fails: nothing is withdrawn by a slip", async () => {
    await start(false, { "elevation:environments": '["prodution"]' });
    await assert.rejects(declareGrants(), {
      code: "input-invalid",
      message:
        "stack config `elevation:environments` lists `prodution`, which the policy does not have; did you mean `production`?",
    });
  });
});
