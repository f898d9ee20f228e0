// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { POLICY } from "../../integration/cli/documents";
import { aProject, type Project } from "../../integration/cli/elevate";
import { elevateHere } from "../../support/in-process";

const AT = "2026-11-24T10:00:00Z";

const RULES = `rules:
  - id: dba
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production]
    duration: { max: PT1H }
    approvals: { all: [{ from: { jobFunctions: [lead] }, count: 1 }, { from: { onCall: [security] }, count: 1 }] }
requests: { proof: none }
`;

/** Who is on call in `security`, ever. */
const directory = (guard: string) => `apiVersion: elevation/v1
kind: Directory
people:
  ann@example.com: { jobFunctions: [dba, lead], identities: { postgres: ann } }
  ben@example.com: { jobFunctions: [dba], identities: { postgres: ben } }
  cem@example.com: { jobFunctions: [dba], identities: { postgres: cem } }
  eve@example.com: {}
jobFunctions: { dba: {}, lead: {} }
onCall:
  security:
    - { person: ${guard}@example.com, from: 2026-11-23T00:00:00Z, to: 2026-11-24T00:00:00Z }
`;

describe("elevate explain, approvals", () => {
  let project: Project;

  beforeEach(() => {
    project = aProject();
    project.write("policypack/elevation.yaml", `${POLICY.split("rules:")[0]}${RULES}`);
    project.write("policypack/directory.yaml", directory("eve"));
  });
  afterEach(() => project.remove());

  const explain = async (...args: readonly string[]) => {
    const { exit, stdout } = await elevateHere(["explain", ...args, "--at", AT], { cwd: project.path, env: {} });
    assert.equal(exit, 0);
    return stdout;
  };

  const accessOf = async (person: string) => {
    const stdout = await explain(
      `${person}@example.com`,
      "--role",
      "orders-admin",
      "--environment",
      "production",
      "--json",
    );
    const [{ nearest, offers, possible }] = JSON.parse(stdout).access;
    return { possible, nearest, offers };
  };

  it("when only the requester could fill a place, then nothing is offered, and it is said which place", async () => {
    const { nearest, offers, possible } = await accessOf("ann");
    const message =
      "`a request` needs approvals for rule `dba`, 1 of `lead` and 1 of on call in `security`, and besides `ann@example.com` the directory has nobody for 1 of lead; ask whoever keeps policy and directory";
    assert.deepEqual([possible, nearest], [false, message]);
    assert.deepEqual(
      offers.map(({ longest, expiresAt, obstacles, possible: isOpen, possibleFrom, rule, takenBy }: never) => ({
        ...{ rule, isOpen, longest, expiresAt, possibleFrom, obstacles, takenBy },
      })),
      [
        {
          ...{ rule: "dba", isOpen: false, longest: null, expiresAt: null, possibleFrom: null, takenBy: [] },
          obstacles: [{ id: "approvals-missing", rule: "dba", path: "", observed: null, limit: "1 of lead", message }],
        },
      ],
    );
    assert.equal(
      await explain("ann@example.com"),
      `ann@example.com at 2026-11-24T10:00:00Z: dba, lead

role          environment  longest  until  by   hours  takes
orders-admin  production   not now  -      dba  -      a reason; approval by 1 of lead and 1 of on call in security

orders-admin in production by dba, not now:
  approvals-missing: ${message}
`,
    );
  });

  it("when others fill each place, also one who was on call once, then it is offered", async () => {
    const { nearest, possible } = await accessOf("ben");
    assert.deepEqual([possible, nearest], [true, "ask for up to PT1H by dba"]);
  });

  it("when one person would have to fill two places, then nothing is offered to anybody", async () => {
    project.write("policypack/directory.yaml", directory("ann"));
    const { nearest, possible } = await accessOf("ben");
    assert.deepEqual(
      [possible, nearest],
      [
        false,
        "`a request` needs approvals for rule `dba`, 1 of `lead` and 1 of on call in `security`, and besides `ben@example.com` the directory has nobody for 1 of on call in security; ask whoever keeps policy and directory",
      ],
    );
    const { nearest: ofAnn } = await accessOf("ann");
    assert.equal(
      ofAnn,
      "`a request` needs approvals for rule `dba`, 1 of `lead` and 1 of on call in `security`, and besides `ann@example.com` the directory has nobody for 1 of lead and 1 of on call in security; ask whoever keeps policy and directory",
    );
  });

  it("when a role alone is named, then whoever nobody could approve stands apart from those who are alike but for that", async () => {
    assert.equal(
      await explain("--role", "orders-admin", "--environment", "production"),
      `orders-admin at 2026-11-24T10:00:00Z

environment  people                            longest  until                 by   hours  takes
production   ben@example.com, cem@example.com  1 h      2026-11-24T11:00:00Z  dba  -      a reason; approval by 1 of lead and 1 of on call in security
production   ann@example.com                   not now  -                     dba  -      nobody to approve it (1 of lead); a reason; approval by 1 of lead and 1 of on call in security

production: 1 person could not get it
`,
    );
  });
});
