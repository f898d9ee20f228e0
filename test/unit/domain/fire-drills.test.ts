// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { isDocumentError, readFireDrills } from "@elevation/domain";

const GOOD = `apiVersion: elevation/v1
kind: FireDrills
drills:
  - name: orders-production
    requester: canary@example.com
    role: orders-reader
    environment: production
    every: PT1H
    duration: PT1M
    probe:
      kind: postgres
      login: ELEVATION_CANARY_ORDERS
      statement: SELECT FROM public.orders LIMIT 1
`;
const read = (text: string) => readFireDrills({ file: "drills.yaml", text });

function problemsOf(text: string): string[] {
  try {
    read(text);
    return [];
  } catch (error) {
    assert.ok(isDocumentError(error));
    return error.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
}

describe("a file of fire drills", () => {
  it("when it is good, then it is read as written", () => {
    assert.deepEqual(read(GOOD).value.drills, [
      {
        ...{ name: "orders-production", requester: "canary@example.com", role: "orders-reader" },
        ...{ environment: "production", every: "PT1H", duration: "PT1M" },
        probe: {
          ...{ kind: "postgres", login: "ELEVATION_CANARY_ORDERS" },
          statement: "SELECT FROM public.orders LIMIT 1",
        },
      },
    ]);
    assert.deepEqual(problemsOf(GOOD.replace("every: PT1H", "every: PT61S")), []);
  });

  const login = "postgres://canary:s3cretPW@db.example/orders";
  for (const [what, from, to, problem] of [
    [
      "a drill lasts as long as the time between two",
      "every: PT1H",
      "every: PT60S",
      "8:12: `drills[0].every` is `PT60S`, and a drill lasts `PT1M`; write more than that, as in PT1H",
    ],
    [
      "a login stands where the name of its variable should, unrepeated",
      "login: ELEVATION_CANARY_ORDERS",
      `login: ${login}`,
      "12:14: `drills[0].probe.login` is no name of a variable for a canary's login, and not repeated here because it may be a secret; write a name like `ELEVATION_CANARY_ORDERS`, and set that variable to the address",
    ],
    [
      "a variable is that of another secret",
      "login: ELEVATION_CANARY_ORDERS",
      "login: ELEVATION_NOTIFY_SECRET",
      "12:14: `drills[0].probe.login` is no name of a variable for a canary's login, and not repeated here because it may be a secret; write a name like `ELEVATION_CANARY_ORDERS`, and set that variable to the address",
    ],
    [
      "a probe is of a kind that nobody can log in at",
      "kind: postgres",
      "kind: vault",
      "11:13: `drills[0].probe.kind` is `vault`, not `postgres`; write that",
    ],
    [
      "a statement says nothing",
      "statement: SELECT FROM public.orders LIMIT 1",
      'statement: " "',
      "13:18: `drills[0].probe.statement` is ` `, not a statement; write one that only works with the role",
    ],
    [
      "a field is unknown",
      "every:",
      "evry:",
      [
        "4:5: `drills[0]` lacks the field `every`; add it",
        "8:5: unknown field `drills[0].evry`; did you mean `every`?",
      ],
    ],
  ] as const) {
    it(`when ${what}, then that is said at its place`, () => {
      assert.deepEqual(problemsOf(GOOD.replace(from, to)), [problem].flat());
    });
  }

  it("when two drills have one name, or there is none, then that is said", () => {
    const drill = GOOD.slice(GOOD.indexOf("- name:"));
    assert.deepEqual(problemsOf(`${GOOD}  ${drill}`), [
      "14:11: `drills[1].name` is `orders-production`, the name of `drills[0]` too; write another one",
    ]);
    assert.deepEqual(problemsOf(`${GOOD.split("drills:")[0]}drills: []\n`), [
      "3:9: `drills` is an empty list, which matches nothing; list at least 1",
    ]);
  });
});
