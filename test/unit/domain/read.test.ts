// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  digestOf,
  isDocumentError,
  jsonSchemaOf,
  parseRequest,
  readDirectory,
  readJudge,
  readPolicy,
  readRequest,
} from "@elevation/domain";
import { aRequest, DIRECTORY, edit, POLICY, REQUEST } from "./documents";

describe("reading documents", () => {
  it("when a request stands in YAML, in JSON or in a program, then its digest is the same", () => {
    // Computed by another implementation of canonical JSON.
    const digest = "sha256:7a7d87345df233131fce0adaa05765ecdd97723e22599cb1ac610a296c7a6b89";
    const yaml = readRequest({ file: "r.yaml", text: REQUEST });
    const json = readRequest({ file: "r.json", text: JSON.stringify(aRequest()) });
    assert.deepEqual([yaml.digest, json.digest, digestOf(aRequest())], [digest, digest, digest]);
    assert.deepEqual(json.value, yaml.value);
  });

  it("when a file has a byte order mark and CRLF, then it is the same document", () => {
    const windows = `\ufeff${REQUEST.replaceAll("\n", "\r\n")}`;
    assert.equal(
      readRequest({ file: "r.yaml", text: windows }).digest,
      readRequest({ file: "r.yaml", text: REQUEST }).digest,
    );
    const json = `\ufeff${JSON.stringify(aRequest())}`;
    assert.equal(
      readRequest({ file: "R.JSON", text: json }).digest,
      readRequest({ file: "r.yaml", text: REQUEST }).digest,
    );
  });

  it("when a file has a byte order mark, then columns are those of the file without it", () => {
    const json = JSON.stringify({ ...aRequest(), note: "odd", kind: "Reqest" });
    for (const [file, text] of [
      ["r.json", json],
      ["r.yaml", json],
      ["r.yaml", REQUEST.replace("kind: Request", "kind: Reqest")],
      ["r.yaml", "- no request"],
      ["r.yaml", ""],
      ["r.yaml", "kind: \u0007"],
    ] as const) {
      const plain = problemsOf(() => readRequest({ file, text }));
      assert.ok(plain.length > 0);
      assert.deepEqual(
        problemsOf(() => readRequest({ file, text: `\ufeff${text}` })),
        plain,
      );
    }
  });

  it("when a value is looked for, then its line and column are told, and those around it where there is none", () => {
    const policy = readPolicy({ file: "elevation.yaml", text: POLICY });
    assert.deepEqual(policy.locate(["rules", 1, "hours", "to"]), { line: 30, column: 87 });
    assert.deepEqual(policy.locate(["rules", 1, "hours", "nothing"]), { line: 30, column: 12 });
    assert.deepEqual(policy.locate(["nothing"]), { line: 1, column: 1 });
  });

  it("when a request has more than 64 KiB, a policy more than 4 MiB, a directory more than 16 MiB, then it is refused unread", () => {
    for (const [read, document, limit] of [
      [readRequest, REQUEST, 65_536],
      [readPolicy, POLICY, 4_194_304],
      [readDirectory, DIRECTORY, 16_777_216],
    ] as const) {
      for (const file of ["d.yaml", "d.json"]) {
        const text = `${document}#${"x".repeat(limit - document.length)}`;
        assert.deepEqual(
          problemsOf(() => read({ file, text })),
          [`${file}:1:1: the file has ${limit + 1} bytes, the limit is ${limit}; make it smaller`],
        );
      }
      assert.doesNotThrow(() =>
        read({ file: "d.yaml", text: `${document}#${"x".repeat(limit - 1 - document.length)}` }),
      );
    }
  });

  it("when brackets are nested without end, then that is an error and no crash", () => {
    // Unbounded, such a file ends the whole process: the engine runs out of stack inside of a regular expression.
    for (const [file, column] of [
      ["r.json", 65],
      ["r.yaml", 201],
    ] as const) {
      const text = `${"[".repeat(32_000)}${"]".repeat(32_000)}`;
      assert.deepEqual(
        problemsOf(() => readRequest({ file, text })),
        [`${file}:1:${column}: nested more than 64 deep; no document needs that`],
      );
    }
  });

  it("when policy and directory are read together, then all problems of both are shown, with the names that must resolve", () => {
    const policy = edit(
      POLICY,
      ["who: everyone", "who: { people: [dave@example.com, bob@example.com], jobFunctions: [sra], onCall: [order] }"],
      ["who: { jobFunctions: [dba] }", "who: { jobFunctions: [nobody], people: [nobody@example.com] }"],
      ["requests: { proof: none }", "requests: { proof: none, prof: none }"],
    );
    const directory = edit(DIRECTORY, ["jobFunctions: [dba]", "jobFunctions: [dbb]"]);
    assert.deepEqual(
      problemsOf(() => readJudge({ file: "p.yaml", text: policy }, { file: "d.yaml", text: directory })),
      [
        "p.yaml:35:21: `rules[2].who.people[0]` names the person `dave@example.com`, who does not exist; did you mean `alice@example.com`?",
        "p.yaml:35:72: `rules[2].who.jobFunctions[0]` names the job function `sra`, which does not exist; did you mean `sre`?",
        "p.yaml:35:87: `rules[2].who.onCall[0]` names the schedule `order`, which does not exist; did you mean `orders`?",
        "p.yaml:40:26: unknown field `requests.prof`; did you mean `proof`?",
        'd.yaml:6:20: `people["alice@example.com"].jobFunctions[0]` names the job function `dbb`, which does not exist; did you mean `dba`?',
      ],
    );
  });

  it("when approvals and break-glass name nobody, then that is said beside their refusal", () => {
    const policy = edit(
      POLICY,
      ["    reason: { minLength: 10 }\n", "    approvals: { any: [{ from: { jobFunctions: [dbo] }, count: 1 }] }\n"],
      [
        "requests:",
        "breakGlass: { who: { onCall: [order] }, roles: [orders], environments: [prod], maxDuration: PT1H, review: { from: { jobFunctions: [security] }, within: PT24H } }\nrequests:",
      ],
    );
    const problems = problemsOf(() => readJudge({ file: "p.yaml", text: policy }, { file: "d.yaml", text: DIRECTORY }));
    assert.deepEqual(
      problems.filter((problem) => problem.includes("does not exist")),
      [
        "p.yaml:23:49: `rules[0].approvals.any[0].from.jobFunctions[0]` names the job function `dbo`, which does not exist; did you mean `dba`?",
        "p.yaml:40:31: `breakGlass.who.onCall[0]` names the schedule `order`, which does not exist; did you mean `orders`?",
        "p.yaml:40:49: `breakGlass.roles[0]` names the role `orders`, which does not exist; the nearest known name is `orders-admin`",
        "p.yaml:40:73: `breakGlass.environments[0]` names the environment `prod`, which does not exist; the nearest known name is `production`",
        "p.yaml:40:132: `breakGlass.review.from.jobFunctions[0]` names the job function `security`, which does not exist; the nearest known name is `sre`",
      ],
    );
  });

  it("when an allow rule names a role, an environment and people that do not exist, then that lets nobody in and is no error", () => {
    const policy = edit(
      POLICY,
      ["roles: [orders-admin]", "roles: [orders-admin, nothing]"],
      ["environments: [production, staging]", "environments: [production, staging, nowhere]"],
      [
        "who: { jobFunctions: [dba] }",
        "who: { jobFunctions: [nothing], people: [nobody@example.com], onCall: [never] }",
      ],
    );
    assert.doesNotThrow(() => readJudge({ file: "p.yaml", text: policy }, { file: "d.yaml", text: DIRECTORY }));
  });

  it("when a plain value is no request, then all problems are told without a place", () => {
    class Thing {}
    assert.deepEqual(
      problemsOf(() => parseRequest({ ...aRequest(), metadata: { name: "A" }, spec: { reason: "why" } }, "grant")),
      [
        "grant: `metadata.name` is `A`, not a name; use 1 to 63 of a-z, 0-9 and -",
        "grant: `spec` lacks the field `requester`; add it",
        "grant: `spec` lacks the field `role`; add it",
        "grant: `spec` lacks the field `environment`; add it",
        "grant: `spec` lacks the field `requestedAt`; add it",
      ],
    );
    assert.deepEqual(
      problemsOf(() => parseRequest({ ...aRequest(), metadata: new Thing(), extra: Number.NaN }, "grant")),
      [
        "grant: `metadata` is an object of a class; write plain JSON",
        "grant: `extra` is no finite number; write one",
        "grant: `metadata` lacks the field `name`; add it",
        "grant: unknown field `extra`; the nearest known name is `kind`",
      ],
    );
  });

  it("when a plain value holds itself, then that is an error and no endless walk", () => {
    const round: Record<string, unknown> = {};
    round["one"] = round;
    round["two"] = [round];
    assert.deepEqual(
      problemsOf(() => parseRequest({ ...aRequest(), metadata: { name: "a", round } }, "grant")),
      [
        "grant: `metadata.round.one` holds itself; write plain JSON",
        "grant: `metadata.round.two[0]` holds itself; write plain JSON",
        "grant: unknown field `metadata.round`; the nearest known name is `name`",
      ],
    );
  });

  it("when a file has more than a thousand problems, then a thousand are shown, and how many more there are", () => {
    const text = `${REQUEST}${Array.from({ length: 1200 }, (_, index) => `key-${index}: 1\n`).join("")}`;
    const problems = problemsOf(() => readRequest({ file: "r.yaml", text }));
    assert.equal(problems.length, 1001);
    assert.equal(problems[1000], "r.yaml:1012:1: 200 more problems from here on; mend these first");
  });

  it("when a reason is a million spaces with something around, then it is read at once", () => {
    const start = performance.now();
    assert.equal(aRequest({ reason: `a${" ".repeat(1_000_000)}b` }).spec.reason.length, 1_000_002);
    assert.ok(performance.now() - start < 5000, "trimming takes quadratic time");
  });

  it("when a field of a plain value is undefined, then it is absent", () => {
    const request = aRequest();
    const written = { ...request, spec: { ...request.spec, startAt: undefined } };
    assert.equal(digestOf(parseRequest(written, "grant")), digestOf(request));
  });

  it("when another copy of the module threw, then its error is recognised", () => {
    assert.equal(isDocumentError(Object.assign(new Error("x"), { isDocumentError: true })), true);
    assert.equal(isDocumentError(new Error("x")), false);
    assert.equal(isDocumentError(null), false);
  });

  it("when a description and a person's name are any texts, then they are read as they are", () => {
    const policy = edit(
      POLICY,
      ["description: Customer traffic", 'description: ""'],
      ["description: Full control of the orders database", "description: |\n      two\n      lines"],
    );
    const directory = edit(DIRECTORY, ["name: Alice", 'name: "\\u001b[2J \\u202e"']);
    const judge = readJudge({ file: "p.yaml", text: policy }, { file: "d.yaml", text: directory });
    assert.equal(judge.policy.value.environments["production"]?.description, "");
    assert.equal(judge.policy.value.roles["orders-admin"]?.description, "two\nlines\n");
    assert.equal(judge.directory.value.people["alice@example.com"]?.name, "\u001b[2J \u202e");
  });

  it("when a request is signed, then its signature is read and its digest is the same", () => {
    const unsigned = readRequest({ file: "r.yaml", text: REQUEST });
    const text = `${REQUEST}signature: |\n  -----BEGIN SSH SIGNATURE-----\n  U1NIU0lH\n  -----END SSH SIGNATURE-----\n`;
    const signed = readRequest({ file: "r.yaml", text });
    assert.equal(signed.value.signature, "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n");
    assert.equal(signed.digest, unsigned.digest);
  });

  it("when a JSON Schema is asked for, then it describes the whole format and allows no other field", () => {
    const policy = JSON.stringify(jsonSchemaOf("Policy"));
    for (const field of [
      "approvalsValidFor",
      "extensions",
      "onBehalf",
      "limits",
      "conflicts",
      "breakGlass",
      "maxOutlive",
    ]) {
      assert.ok(policy.includes(`"${field}":`), field);
    }
    assert.ok(policy.includes('"description":"clock times of some days of the week"'));
    assert.ok(JSON.stringify(jsonSchemaOf("Request")).includes('"additionalProperties":false'));
    assert.ok(JSON.stringify(jsonSchemaOf("Directory")).includes('"identities"'));
  });

  it("when job functions include each other in a long chain, then it is read, and where it goes round that is said once", () => {
    const length = 20_000;
    const chain = (last: { includes?: readonly string[] }) => {
      const names = Array.from({ length }, (_, n) => [`f${n}`, n + 1 < length ? { includes: [`f${n + 1}`] } : last]);
      const jobFunctions = Object.fromEntries(names);
      const text = JSON.stringify({ apiVersion: "elevation/v1", kind: "Directory", people: {}, jobFunctions });
      return () => readDirectory({ file: "d.json", text });
    };
    assert.deepEqual(problemsOf(chain({})), []);
    const [problem, ...others] = problemsOf(chain({ includes: ["f19998"] }));
    assert.deepEqual(others, []);
    assert.match(
      String(problem),
      /`jobFunctions\.f19999\.includes\[0\]` closes a cycle of `f19998` and `f19999`; a job function never includes itself, leave it out$/,
    );
  });

  it("when a policy uses the whole format, then it parses, and only what can't be verified is refused", () => {
    const text = readFileSync(join(__dirname, "../../../vectors/whole-format-policy.yaml"), "utf8");
    assert.deepEqual(
      problemsOf(() => readPolicy({ file: "p.yaml", text }, "study")),
      [],
    );
    assert.deepEqual(
      problemsOf(() => readPolicy({ file: "p.yaml", text })),
      [
        "p.yaml:62:20: `requests.proof` is `signature`, but this version verifies no proof of who asks; write `none`, and let only people you trust add requests",
      ],
    );
  });
});

function problemsOf(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (e) {
    if (!isDocumentError(e)) throw e;
    return e.message.split("\n");
  }
}
