// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { comment, LONGEST_COMMENT } from "@elevation/scripts/pipeline/comment";
import { block, code, plain, sentence } from "@elevation/scripts/pipeline/markdown";
import { configWithoutSecrets, withoutSecrets } from "@elevation/scripts/pipeline/without-secrets";
import fc from "fast-check";

describe("the preview's Markdown", () => {
  it("when somebody's text is shown as code, then its backticks, bars and control characters end nothing", () => {
    assert.equal(code("alice"), "` alice `");
    assert.equal(code("a `b` ``c`` | d\n\u001b[2J"), "``` a `b` ``c`` ¦ d\\u{a}\\u{1b}[2J ```");
    assert.equal(code(" "), "(empty)");
  });

  it("when a sentence of ours quotes somebody, then the quote is code and the rest can't become mark-up", () => {
    assert.equal(sentence("`alice` asks for 9 h, @team <b>"), "` alice ` asks for 9 h, &#64;team \\<b\\>");
    assert.equal(plain("a_b*c [x](y)"), "a\\_b\\*c \\[x\\](y)");
  });

  it("when somebody writes a very long text, then it is cut before it becomes code, and crowds nobody out", () => {
    assert.equal(code(`\`${"x".repeat(70_000)}`), `\`\` \`${"x".repeat(299)}… (cut) \`\``);
    assert.ok(block("y".repeat(70_000)).length < 21_000);
  });

  it("when an engine prints a fence, then the block goes on", () => {
    assert.equal(block("a\n````\nb"), "`````text\na\n````\nb\n`````");
  });

  it("property: code never holds a run of backticks as long as its fence, and is one line without bars", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("`", "|", "\n", "a", "<", "@", "\u202e") }), (text) => {
        const shown = code(text);
        assert.ok(!/[\n|\u202e]/.test(shown));
        const fence = /^`+/.exec(shown)?.[0] ?? "";
        if (fence !== "") assert.ok(!shown.slice(fence.length, -fence.length).includes(fence));
      }),
    );
  });
});

describe("what is published for previews", () => {
  it("when a state holds secrets, then neither they nor the manager that could decrypt them are published", () => {
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
    const resources = [{ urn: "u", type: "t", outputs: { name: "n", list: [secret], deep: { password: secret } } }];
    const state = {
      version: 3,
      deployment: { secrets_providers: { type: "passphrase", state: { salt: "s" } }, resources },
    };
    assert.deepEqual(JSON.parse(withoutSecrets(JSON.stringify(state))), {
      version: 3,
      deployment: {
        resources: [
          { urn: "u", type: "t", outputs: { name: "n", list: ["[secret]"], deep: { password: "[secret]" } } },
        ],
      },
    });
    const config = { "elevation:environments": ["production"], "other:token": { secure: "v1:abc" } };
    assert.deepEqual(configWithoutSecrets(config), { "elevation:environments": ["production"] });
  });
});

describe("the preview's comment", () => {
  let server: Server;
  let comments: { id: number; body: string; user: { type: string } }[];
  let calls: string[];
  let status: number;

  beforeEach(async () => {
    comments = [];
    calls = [];
    status = 200;
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        calls.push(`${request.method} ${request.url} ${request.headers.authorization}`);
        const page = Number(new URL(request.url ?? "", "http://x").searchParams.get("page") ?? 1);
        if (request.method === "POST")
          comments.push({
            id: comments.length + 1,
            body: (JSON.parse(body) as { body: string }).body,
            user: { type: "Bot" },
          });
        if (request.method === "PATCH") {
          const found = comments.find(({ id }) => request.url?.endsWith(`/${id}`));
          if (found !== undefined) found.body = (JSON.parse(body) as { body: string }).body;
        }
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(request.method === "GET" ? comments.slice((page - 1) * 100, page * 100) : {}));
      });
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  });
  afterEach(() => new Promise((closed) => server.close(closed)));

  const target = () => ({
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    repository: "example/access",
    pull: 7,
    token: "t0ken",
  });
  const body = (text: string) => `<!-- elevation preview -->\n${text}`;

  it("when there is none, then one is made; when there is one, then it is kept up to date", async () => {
    await comment(target(), "first");
    await comment(target(), "second");
    assert.deepEqual(
      comments.map((one) => one.body),
      [body("second")],
    );
    assert.deepEqual(calls, [
      "GET /repos/example/access/issues/7/comments?per_page=100&page=1 Bearer t0ken",
      "POST /repos/example/access/issues/7/comments Bearer t0ken",
      "GET /repos/example/access/issues/7/comments?per_page=100&page=1 Bearer t0ken",
      "PATCH /repos/example/access/issues/comments/1 Bearer t0ken",
    ]);
  });

  it("when a person wrote our marker, then their comment is left alone", async () => {
    comments.push({ id: 1, body: body("forged"), user: { type: "User" } });
    await comment(target(), "ours");
    assert.deepEqual(
      comments.map((one) => one.body),
      [body("forged"), body("ours")],
    );
  });

  it("when ours is on the second page, then it is found", async () => {
    for (let id = 1; id <= 100; id++) comments.push({ id, body: "talk", user: { type: "User" } });
    comments.push({ id: 101, body: body("old"), user: { type: "Bot" } });
    await comment(target(), "new");
    assert.equal(comments.length, 101);
    assert.equal(comments[100]?.body, body("new"));
  });

  it("when GitHub refuses, then the error says what it answered, and no token", async () => {
    status = 403;
    await assert.rejects(comment(target(), "x"), {
      message:
        "GitHub answered 403 to GET /repos/example/access/issues/7/comments?per_page=100&page=1; see that the token may write to pull requests",
    });
  });

  it("when it is longer than a comment may be, then it is not cut but refused: half of a code span would set free what it holds", async () => {
    await comment(target(), "x".repeat(LONGEST_COMMENT));
    assert.equal(comments[0]?.body.length, 65_536);
    await assert.rejects(comment(target(), "x".repeat(LONGEST_COMMENT + 1)), {
      message: `a comment of ${LONGEST_COMMENT + 1} characters is too long for GitHub`,
    });
  });
});
