// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type Asked, SharedLooks } from "@elevation/provider/targets/postgres/shared-looks";

type Session = Parameters<SharedLooks["mayConcern"]>[0];

const anAsked = (n: number, changes: Partial<Asked> = {}): Asked => ({
  ...{ person: 100 + n, role: 200 + (n % 2), held: [100 + n, 300], since: [String(700 + n)], open: ["699"] },
  ...changes,
});

/** A session that answers each look with what is given, and keeps what it was asked for. */
class Looked {
  readonly asked: (readonly unknown[])[] = [];
  private readonly answer: () => Promise<boolean>;

  constructor(answer: () => Promise<boolean>) {
    this.answer = answer;
  }

  get session(): Session {
    const rows = async (_: string, parameters: readonly unknown[]) => {
      this.asked.push(parameters);
      return [{ isConcerned: await this.answer() }];
    };
    return { hasOptions: true, rows } as unknown as Session;
  }
}

/** As an end goes: first its own work, then the question. */
const end = (looks: SharedLooks, { session }: Looked, asked: Asked, work: Promise<unknown> = Promise.resolve()) =>
  looks.whileEnding(async () => {
    await work;
    return looks.mayConcern(session, asked);
  });

describe("looks that grants share which end at the same time", () => {
  it("when one ends alone, then it looks for itself", async () => {
    const looked = new Looked(async () => false);
    assert.equal(await end(new SharedLooks(), looked, anAsked(1)), true);
    assert.deepEqual(looked.asked, []);
  });

  it("when several end, then one look asks for everything of all of them, each thing once", async () => {
    const [looks, looked] = [new SharedLooks(), new Looked(async () => false)];
    const asked = [
      anAsked(1),
      anAsked(2),
      anAsked(3, { person: null }),
      anAsked(4, { role: null, since: [], open: [] }),
    ];
    assert.deepEqual(await Promise.all(asked.map((one) => end(looks, looked, one))), [false, false, false, false]);
    assert.deepEqual(looked.asked, [
      [
        ...[[201, 200], [101, 300, 102, 103, 104], ["701", "702", "703"], ["699"]],
        ...[[101, 102], [201, 200], "^elev_[0-9a-f]{40}$"],
      ],
    ]);
  });

  it("when the look finds something, then each looks for itself", async () => {
    const [looks, looked] = [new SharedLooks(), new Looked(async () => true)];
    assert.deepEqual(await Promise.all([1, 2].map((n) => end(looks, looked, anAsked(n)))), [true, true]);
  });

  it("when the look fails, then each looks for itself", async () => {
    const [looks, looked] = [new SharedLooks(), new Looked(() => Promise.reject(new Error("cut")))];
    assert.deepEqual(await Promise.all([1, 2].map((n) => end(looks, looked, anAsked(n)))), [true, true]);
  });

  it("when one ends while a look is under way, then the next look tells it", async () => {
    let answer: (isConcerned: boolean) => void = () => undefined;
    const slow = new Looked(() => new Promise((resolve) => (answer = resolve)));
    const looks = new SharedLooks();
    const first = [1, 2].map((n) => end(looks, slow, anAsked(n)));
    while (slow.asked.length === 0) await Promise.resolve();
    const next = new Looked(async () => false);
    const second = [3, 4].map((n) => end(looks, next, anAsked(n)));
    answer(true);
    assert.deepEqual(await Promise.all(first), [true, true]);
    assert.deepEqual(await Promise.all(second), [false, false]);
    assert.deepEqual(
      [slow, next].map(({ asked }) => asked.map(([, held]) => held)),
      [[[101, 300, 102]], [[103, 300, 104]]],
    );
  });

  it("when one takes long to end, then the others don't wait for it", async () => {
    const [looks, looked] = [new SharedLooks(), new Looked(async () => false)];
    let finish: (done: null) => void = () => undefined;
    const slow = end(looks, looked, anAsked(1), new Promise((resolve) => (finish = resolve)));
    assert.deepEqual(await Promise.all([2, 3].map((n) => end(looks, looked, anAsked(n)))), [false, false]);
    finish(null);
    assert.equal(await slow, true);
  });

  it("when one that was ending fails, then the others go on without it", async () => {
    const [looks, looked] = [new SharedLooks(), new Looked(async () => false)];
    const failing = end(looks, looked, anAsked(1), Promise.reject(new Error("refused")));
    const others = [2, 3].map((n) => end(looks, looked, anAsked(n)));
    await assert.rejects(failing, { message: "refused" });
    assert.deepEqual(await Promise.all(others), [false, false]);
  });
});
