// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import readline from "node:readline";
import { formatInstant, type OrderPayload, readJudge, readRequest } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import { activate, createWorld, type GrantInputs } from "@elevation/provider/lifecycle";
import { ordersSql } from "@elevation/reaper";
import { PostgresInbox } from "@elevation/reaper/postgres-inbox";
import { sharedJournalServer } from "../../support/journal-server";
import { type OrdersServer, sharedOrdersServer } from "../../support/postgres";
import { aKey, type Signed, type SigningKey, signedOrder } from "../../support/signing";
import { aRequest, DIRECTORY, POLICY } from "./documents";
import { aJournal, aProject, elevate, JOB, type Project, ROOT, startElevate, TIMEOUT } from "./elevate";

const ADMIN_WORK = "SELECT count(*)::int FROM orders";
const DENIED = "permission denied for table orders";
const server = sharedOrdersServer();
const inboxServer = sharedJournalServer();
const [alice, bob, ann] = [aKey(), aKey(), aKey()];

/** A command that runs until it is told to stop, and the events that it prints. */
function start(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
  const running = startElevate(["reap", "--json", ...args], { cwd, env });
  const lines = readline.createInterface({ input: running.child.stdout })[Symbol.asyncIterator]();
  const next = async (event: string): Promise<Record<string, unknown>> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`it ended before it told of ${event}`);
      const told = JSON.parse(value as string) as Record<string, unknown>;
      if (told["event"] === event) return told;
    }
  };
  const stop = (signal: NodeJS.Signals = "SIGTERM") => {
    running.child.kill(signal);
    return running.exited;
  };
  return { next, stop };
}

describe("elevate reap --orders", () => {
  let orders: OrdersServer;
  let project: Project;
  let env: Record<string, string>;
  let address: string;
  let inbox: string;
  let running: ReturnType<typeof start> | null;
  let count = 0;

  before(async function () {
    this.timeout(60_000);
    orders = await server();
  });
  beforeEach(async () => {
    project = aProject();
    running = null;
    const journal = await aJournal(project);
    await journal.journal.close();
    address = journal.address;
    env = {
      ...journal.env,
      ELEVATION_ADMINS: `1 ${ann.fingerprint}`,
      ELEVATION_CONNECTION_ORDERS_PRODUCTION: orders.server.url("elevation_manager", "orders"),
    };
    inbox = join(project.path, "orders");
    mkdirSync(inbox);
    const signers = [
      `alice@example.com namespaces="elevation-order" ${alice.publicKey}`,
      `bob@example.com namespaces="elevation-order",valid-before="20261101Z" ${bob.publicKey}`,
    ];
    project.write("allowed_signers", signers.join("\n"));
  });
  afterEach(async () => {
    await running?.stop("SIGKILL");
    await orders.reset();
    project.remove();
  });

  const options = (from = "orders") => [
    ...["--orders", from, "--allowed-signers", "allowed_signers"],
    ...["--directory", "policypack/directory.yaml"],
  ];
  const once = (changes: Readonly<Record<string, string>> = {}, ...more: string[]) =>
    elevate(["reap", "--once", ...options(), ...more], { cwd: project.path, env: { ...env, ...changes } });
  const eventsOf = async (type: string) => (await openStore(address).read()).filter((event) => event.type === type);
  const settled = (where: "done" | "refused") =>
    readdirSync(join(inbox, where)).filter((name) => !name.endsWith(".reason"));
  const reasonOf = (where: "done" | "refused", name: string) =>
    readFileSync(join(inbox, where, `${name}.reason`), "utf8").trimEnd();

  async function world() {
    const policy = POLICY.replace("min: PT1M", "min: PT0.1S");
    const judge = readJudge({ file: "policy", text: policy }, { file: "directory", text: DIRECTORY });
    const world = createWorld(env, { config: () => undefined, actor: JOB, say: () => undefined });
    return { ...world, judge: () => judge };
  }

  /** What `up` does with a request. */
  async function grant(name: string): Promise<GrantInputs> {
    const text = aRequest({ requestedAt: formatInstant(Date.now() - 1000), duration: "PT10M" }, name);
    const { value: request, digest } = readRequest({ file: `${name}.yaml`, text });
    const where = { organization: "organization", project: "example", stack: "production" };
    const inputs = { request, digest, origin: `${name}.yaml`, ...where };
    const by = await world();
    try {
      await activate(by, inputs);
    } finally {
      await (await by.journal()).close();
    }
    return inputs;
  }

  function text(
    key: SigningKey,
    payload: Partial<OrderPayload> & Pick<OrderPayload, "order">,
    how: Signed = {},
  ): string {
    const by = key === alice ? "alice@example.com" : key === bob ? "bob@example.com" : "ann@example.com";
    const common = { by, at: formatInstant(Date.now()), id: `order-${++count}`, reason: "Stolen laptop" };
    return JSON.stringify(signedOrder(key, { ...common, ...payload }, how));
  }

  /** As people put it there: whole. */
  function put(name: string, text: string): void {
    writeFileSync(join(inbox, `.${name}`), text);
    renameSync(join(inbox, `.${name}`), join(inbox, name));
  }

  const revokeOf = ({ digest }: GrantInputs) => ({ order: "revoke", request: digest }) as const;

  it("when its requester revokes a grant, then open session and right end at once, and the journal verifies", async () => {
    const inputs = await grant("alice-orders");
    const session = await orders.open("alice");
    assert.deepEqual(await session.sql(ADMIN_WORK), [[30]]);
    running = start(options(), project.path, env);
    await running.next("watching");
    put("revoke.json", text(alice, revokeOf(inputs)));
    const { letter, order, by, outcome, reason } = await running.next("order");
    assert.deepEqual(
      { letter, order, by, outcome, reason },
      {
        ...{ letter: "revoke.json", order: "revoke", by: "alice@example.com", outcome: "done" },
        reason: `order \`order-${count}\` of \`alice@example.com\`: the grant \`alice-orders\` of \`alice@example.com\` is revoked`,
      },
    );
    await session.cut;
    assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), DENIED);
    assert.deepEqual([settled("done"), reasonOf("done", "revoke.json")], [["revoke.json"], reason]);
    const [event] = await eventsOf("order");
    assert.deepEqual(event?.actor, { kind: "person", key: alice.fingerprint });
    assert.equal((await running.stop()).exit, 0);
    assert.equal((await elevate(["audit", "verify"], { cwd: project.path, env })).exit, 0);
  });

  it("when an administrator locks a role, then its grants end, and provider and check deny with `locked`", async () => {
    await grant("alice-orders");
    const session = await orders.open("alice");
    running = start(options(), project.path, env);
    await running.next("watching");
    const until = formatInstant(Date.now() + 3_600_000);
    put("lock.json", text(ann, { order: "lock", lock: { role: "orders-admin", until } }));
    assert.equal((await running.next("order"))["outcome"], "done");
    const { request: _, name, cause, outcome } = await running.next("ended");
    assert.deepEqual([name, cause, outcome], ["alice-orders", "locked", "revoked"]);
    await session.cut;
    assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), DENIED);
    const message = `\`alice-again\` is locked: ann@example.com locked role \`orders-admin\` until ${until} (\`Stolen laptop\`); ask for it after that`;
    await assert.rejects(grant("alice-again"), {
      code: "denied",
      message: `request \`alice-again\` is denied:\n  [locked] ${message}`,
    });
    assert.deepEqual(await orders.superuser("SELECT rolname FROM pg_roles WHERE rolname LIKE 'elev\\_%'"), []);

    const requestedAt = formatInstant(Date.now() - 1000);
    project.write("alice-again.yaml", aRequest({ requestedAt, duration: "PT10M" }, "alice-again"));
    const { ELEVATION_ADMINS: _admins, ...judging } = env;
    const { exit, stdout } = await elevate(["check", "alice-again.yaml", "--json"], {
      cwd: project.path,
      env: judging,
    });
    const { violations } = JSON.parse(stdout) as { violations: { id: string; message: string }[] };
    assert.equal(exit, 3);
    assert.deepEqual(
      violations.map(({ id, message }) => [id, message]),
      [["locked", message]],
    );
  });

  it("when orders are copied, forged, changed, late, or not theirs to give, then each is refused with the reason, and nothing ends", async () => {
    const inputs = await grant("alice-orders");
    const mallory = aKey();
    const order = JSON.parse(text(alice, revokeOf(inputs))) as { payload: { reason: string } };
    const of = (id: number, by = "alice") => `order \`order-${id}\` of \`${by}@example.com\` is refused:`;
    const first = count;
    put("a-tampered.json", JSON.stringify({ ...order, payload: { ...order.payload, reason: "Another" } }));
    put("b-git.json", text(alice, revokeOf(inputs), { namespace: "git" }));
    put("c-forged.json", text(mallory, { ...revokeOf(inputs), by: "alice@example.com" }));
    put("d-expired.json", text(bob, revokeOf(inputs)));
    put("e-late.json", text(alice, { ...revokeOf(inputs), at: formatInstant(Date.now() - 86_460_000) }));
    put("f-lock.json", text(alice, { order: "lock", lock: { "*": true, until: "2100-01-01T00:00:00Z" } }));
    put("g-none.json", "{}");
    const { exit, stdout } = await once();
    assert.equal(exit, 0);
    assert.equal(stdout.trimEnd().split("\n").at(-1), "nothing is due");
    assert.equal(stdout.match(/^ORDER REFUSED/gm)?.length, 7);
    assert.deepEqual(settled("done"), []);
    const reasons = settled("refused").map((name) => reasonOf("refused", name));
    assert.equal(
      reasons[0],
      `${of(first)} its signature does not fit: what was signed is not this, or was signed in another form; sign it again`,
    );
    assert.equal(
      reasons[1],
      `${of(first + 1)} its signature is for namespace \`git\`; sign with \`-n elevation-order\``,
    );
    assert.equal(
      reasons[2],
      `${of(first + 2)} the key ${mallory.fingerprint} stands in no line of \`allowed_signers\`; have it added, or sign with one that does`,
    );
    assert.match(
      reasons[3] ?? "",
      /^order `order-\d+` of `bob@example.com` is refused: the key SHA256:\S+ was good before 2026-11-01T00:00:00.000Z, and the order is dated \S+Z; sign with another one$/,
    );
    assert.match(reasons[4] ?? "", / is refused: it is dated \S+Z, and an order is good for 24 h; sign it again /);
    assert.equal(
      reasons[5],
      `${of(first + 5)} only an administrator may lock, and \`ELEVATION_ADMINS\` doesn't name the key ${alice.fingerprint}`,
    );
    assert.match(reasons[6] ?? "", /^`g-none.json` is refused, because it is no order:\n/);
    assert.deepEqual(await eventsOf("order"), []);
    assert.deepEqual(await (await orders.open("alice")).sql(ADMIN_WORK), [[30]]);
  });

  it("when a pass takes an order, and somebody brings it again, then the second is refused", async () => {
    const inputs = await grant("alice-orders");
    const order = text(alice, revokeOf(inputs));
    put("one.json", order);
    assert.deepEqual([(await once()).exit, settled("done")], [0, ["one.json"]]);
    put("two.json", order);
    const { exit, stdout } = await once({}, "--json");
    assert.equal(exit, 0);
    const [event] = await eventsOf("order");
    const { orders: told } = JSON.parse(stdout) as { orders: { outcome: string; reason: string }[] };
    assert.deepEqual(
      told.map(({ outcome, reason }) => [outcome, reason]),
      [
        [
          "refused",
          `order \`order-${count}\` of \`alice@example.com\` is refused: it was obeyed before (event ${event?.seq} of the journal), and an order is obeyed once; sign another one`,
        ],
      ],
    );
    assert.equal((await eventsOf("order")).length, 1);
  });

  it("when the journal is away, then a revoke is obeyed at once, and recorded once, also after a kill", async () => {
    const inputs = await grant("alice-orders");
    const session = await orders.open("alice");
    running = start(options(), project.path, env);
    assert.equal((await running.next("watching"))["open"], 1);
    const journal = join(project.path, "journal.jsonl");
    renameSync(journal, `${journal}.away`);
    await running.next("journal-untrusted");
    put("revoke.json", text(alice, revokeOf(inputs)));
    const { outcome, reason } = await running.next("order");
    assert.equal(outcome, "waits");
    assert.match(String(reason), / waits: `alice-orders` has ended, but that can't be recorded: /);
    await session.cut;
    assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), DENIED);
    assert.ok(existsSync(join(inbox, "revoke.json")));

    await running.stop("SIGKILL");
    renameSync(`${journal}.away`, journal);
    const pass = await once();
    assert.deepEqual([pass.exit, settled("done")], [0, ["revoke.json"]]);
    const types = (await openStore(address).read()).filter(({ request }) => request === inputs.digest);
    assert.deepEqual(types.map(({ type }) => type).slice(2), ["activated", "revoking", "revoked", "order"]);
    assert.equal((await elevate(["audit", "verify"], { cwd: project.path, env })).exit, 0);
  }).timeout(60_000);

  it("when orders come through a table, then who may insert sends, and can neither read nor change, and each is taken", async function () {
    this.timeout(60_000);
    const inputs = await grant("alice-orders");
    const database = await (await inboxServer()).database();
    try {
      const sql = await elevate(["orders", "sql", "--sender", "stranger", "--reaper", "journal_reader"], {
        cwd: project.path,
      });
      assert.equal(sql.exit, 0);
      const owner = await database.session("postgres");
      await owner.query(sql.stdout);
      const sender = await database.session("stranger");
      running = start(options(database.address("journal_reader")), project.path, env);
      await running.next("watching");
      const insert = "INSERT INTO elevation_orders.inbox (body) VALUES ($1)";
      await sender.query(insert, [text(alice, revokeOf(inputs))]);
      assert.equal((await running.next("order"))["outcome"], "done");
      await sender.query(insert, ["x".repeat(65_537)]);
      assert.equal(
        (await running.next("order"))["reason"],
        "`2` is refused: it has more than 16384 bytes, which no order needs; make it shorter",
      );
      assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), DENIED);
      const { rows } = await owner.query({
        text: "SELECT id::int, sent_by, outcome, settled_at IS NOT NULL FROM elevation_orders.inbox ORDER BY id",
        rowMode: "array",
      });
      assert.deepEqual(rows, [
        [1, "stranger", "done", true],
        [2, "stranger", "refused", true],
      ]);
      for (const statement of [
        "SELECT * FROM elevation_orders.inbox",
        "UPDATE elevation_orders.inbox SET outcome = NULL",
        "DELETE FROM elevation_orders.inbox",
        "INSERT INTO elevation_orders.inbox (body, sent_by) VALUES ('x', 'alice')",
      ]) {
        assert.equal(await database.refusal("stranger", statement), "permission denied for table inbox", statement);
      }
      for (const statement of ["DELETE FROM elevation_orders.inbox", "UPDATE elevation_orders.inbox SET body = 'x'"])
        assert.equal(await database.refusal("journal_reader", statement), "permission denied for table inbox");
    } finally {
      await running?.stop("SIGKILL");
      await database.drop();
    }
  });

  it("when a table has more than are served at once, then chance says where it begins, and none is left out or served twice", async function () {
    this.timeout(60_000);
    const database = await (await inboxServer()).database();
    const inbox = new PostgresInbox(database.address("postgres"), (problem) => new Error(problem), {});
    try {
      const owner = await database.session("postgres");
      await owner.query(ordersSql({ senders: [], takers: [] }));
      await owner.query("INSERT INTO elevation_orders.inbox (body) SELECT 'junk' FROM generate_series(1, 250)");
      const names = async (but: ReadonlySet<string>, random: number) =>
        (await inbox.waiting(but, () => random)).map((letter) => Number(letter.name));
      const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
      assert.deepEqual(await names(new Set(), 0), numbers(1, 100));
      assert.deepEqual(await names(new Set(), 0.4), numbers(101, 200));
      assert.deepEqual(await names(new Set(), 1 - 2 ** -53), [250, ...numbers(1, 99)]);
      const served = new Set(numbers(2, 249).map(String));
      assert.deepEqual(await names(served, 0.5), [250, 1]);
      await owner.query("DELETE FROM elevation_orders.inbox");
      assert.deepEqual(await names(new Set(), 0.5), []);
    } finally {
      await inbox.close();
      await database.drop();
    }
  });

  it("when the inbox can't be reached, then grants end all the same, and it is said, without the password", async () => {
    const { exit, stdout } = await elevate(
      ["reap", "--once", ...options("postgres://reaper:s3cretPW@127.0.0.1:1/orders")],
      { cwd: project.path, env },
    );
    assert.equal(exit, 4);
    assert.match(stdout, /^INBOX: orders can't be read: .*ECONNREFUSED.*\nnothing is due\n$/);
    assert.ok(!stdout.includes("s3cretPW"));
  });

  for (const [name, args, changes, said] of [
    [
      "signers are not named",
      ["--orders", "orders"],
      {},
      "`--orders` is given without `--allowed-signers` or `--directory`, which say whose signature an order bears; give both",
    ],
    [
      "nothing shall be changed",
      ["--dry-run", "--orders", "orders"],
      {},
      "`--dry-run` changes nothing, and an order that is taken is obeyed; leave out `--orders` or `--dry-run`",
    ],
    [
      "signers are named for nothing",
      ["--allowed-signers", "allowed_signers"],
      {},
      "`--allowed-signers` says who may sign orders, and none are taken; give `--orders` too, or leave it out",
    ],
    [
      "the folder is a file",
      options("allowed_signers"),
      {},
      "`--orders` can't be used as a folder (ENOTDIR); make it, for the reaper to read and move what is in it",
    ],
    [
      "the folder is not there",
      options("elsewhere"),
      {},
      "`--orders` can't be used as a folder (ENOENT); make it, for the reaper to read and move what is in it",
    ],
    [
      "the address is none",
      options("postgres://127.0.0.1"),
      {},
      "`--orders` names no user; write postgres://user:password@host/database",
    ],
    [
      "administrators are misspelt",
      options(),
      { ELEVATION_ADMINS: "ann@example.com" },
      "`ELEVATION_ADMINS` begins with `ann@example.com`, which is no threshold; write a threshold and the fingerprints of the keys, as in `2 SHA256:… SHA256:… SHA256:…` (`ssh-keygen -l` prints them)",
    ],
  ] as const) {
    it(`when ${name}, then that is refused`, async () => {
      const refused = await elevate(["reap", "--once", ...args], { cwd: project.path, env: { ...env, ...changes } });
      assert.deepEqual(refused, { exit: 2, stdout: "", stderr: `error: ${said}\n` });
    });
  }

  it("when the file of signers is bad, then that is said, administrators are obeyed and others wait, with exit 4", async () => {
    const inputs = await grant("alice-orders");
    project.write("allowed_signers", `*@example.com ${alice.publicKey}`);
    put("a.json", text(alice, revokeOf(inputs)));
    put("b.json", text(ann, revokeOf(inputs)));
    const { exit, stderr } = await once();
    assert.equal(exit, 4);
    assert.match(stderr, /^error: allowed_signers:1:1: `\*@example.com` is a pattern; /m);
    assert.deepEqual([settled("done"), existsSync(join(inbox, "a.json"))], [["b.json"], true]);
    project.write("allowed_signers", `alice@example.com namespaces="elevation-order" ${alice.publicKey}`);
    assert.deepEqual([(await once()).exit, settled("done")], [0, ["a.json", "b.json"]]);
  });

  it("when an order is signed as docs/operations.md shows, then it is obeyed", async function () {
    if (!hasSshKeygen()) this.skip();
    const inputs = await grant("alice-orders");
    const home = join(project.path, "home");
    mkdirSync(join(home, ".ssh"), { recursive: true });
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(home, ".ssh", "id_ed25519")]);
    const publicKey = readFileSync(join(home, ".ssh", "id_ed25519.pub"), "utf8");
    project.write("allowed_signers", `alice@example.com namespaces="elevation-order" ${publicKey}`);
    const doc = readFileSync(join(ROOT, "docs", "operations.md"), "utf8");
    const [, commands = ""] = /```sh\n(printf [^`]+)```/.exec(doc) ?? [];
    assert.equal(commands.trimEnd().split("\n").length, 3);
    // NB. `~` is HOME for the shell, and what the password database says for ssh-keygen.
    const variables = { PATH: process.env["PATH"], HOME: home, DIGEST: inputs.digest, INBOX: inbox };
    execFileSync("bash", ["-ec", commands], { cwd: home, env: variables, stdio: "pipe" });
    assert.equal((await once()).exit, 0);
    assert.deepEqual(settled("done"), ["alice-revokes.json"]);
    assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), DENIED);
  });
}).timeout(TIMEOUT);

function hasSshKeygen(): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, "ssh-keygen")));
}
