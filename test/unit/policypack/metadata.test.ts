// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { CONTROLS, controlsOf } from "@elevation/policypack/controls";
import { createCoverage } from "@elevation/policypack/coverage";
import { policyOf } from "@elevation/policypack/define-rule";
import { rules } from "@elevation/policypack/rules";

/** What the pack's SDK makes of policies for the engine. */
const { makeAnalyzerInfo } = require("@pulumi/policy/protoutil") as {
  makeAnalyzerInfo: (name: string, version: string, level: string, args: { policies: unknown[] }) => AnalyzerInfo;
};

interface AnalyzerInfo {
  toObject(): {
    policiesList: {
      name: string;
      displayname: string;
      severity: number;
      tagsList: string[];
      remediationSteps: string;
    }[];
  };
}

describe("what the pack says of its rules", () => {
  const nothing = () => Promise.reject(new Error("nothing is judged here"));
  const verdicts = { of: nothing, ground: nothing };
  const policies = rules.map((rule) => policyOf(rule, { verdicts, coverage: createCoverage() }));

  it("when the engine asks, then each rule has a name, a severity, tags and a remedy in what is sent", () => {
    const { policiesList } = makeAnalyzerInfo("elevation", "0.1.0", "mandatory", { policies }).toObject();
    assert.deepEqual(
      policiesList.map(({ name }) => name),
      rules.map(({ id }) => id),
    );
    for (const { name, displayname, severity, tagsList, remediationSteps } of policiesList) {
      assert.equal(displayname.toLowerCase().replaceAll(" ", "-"), name);
      assert.ok(severity >= 1 && severity <= 4, name);
      assert.ok(tagsList.includes("elevation"), name);
      assert.match(remediationSteps, /^[A-Z].*\.$/, name);
    }
  });

  it("when a rule bounds the time of access, then it refers to least privilege, and its tags to all that it serves", () => {
    const policy = policies.find(({ name }) => name === "time-boundary");
    assert.deepEqual(policy?.framework, {
      name: "NIST SP 800-53",
      version: "Rev. 5",
      reference: "AC-6",
      specification: "Least Privilege",
    });
    assert.deepEqual(policy?.tags, [
      "elevation",
      "least-privilege",
      "removal",
      "nist-800-53:ac-6",
      "soc-2:cc6.3",
      "iso-27001:a.8.2",
      "nist-800-53:ac-2",
    ]);
  });

  it("when a rule serves no control, then it refers to no framework", () => {
    const policy = policies.find(({ name }) => name === "target-served");
    assert.deepEqual([policy?.framework, policy?.tags], [undefined, ["elevation"]]);
  });

  it("when all rules are taken together, then each control is served", () => {
    const served = new Set(rules.flatMap(({ serves }) => controlsOf(serves)));
    assert.deepEqual(
      CONTROLS.filter((control) => !served.has(control)),
      [],
    );
  });

  it("when a rule asks for remediations, then it has the level that gets them", () => {
    const levels = policies.flatMap((policy) =>
      "remediateResource" in policy ? [[policy.name, policy.enforcementLevel]] : [],
    );
    assert.deepEqual(levels, [["grant-shell", "remediate"]]);
  });
});
