// SPDX-License-Identifier: Apache-2.0
import { dirname } from "node:path";
import { PolicyPack } from "@pulumi/policy";
import { createCoverage } from "./coverage";
import { policyOf } from "./define-rule";
import { rules } from "./rules";
import { createVerdicts } from "./verdict";

// The only file with a side effect: constructing a pack starts its server. Its documents lie in the pack's own folder.
const pack = {
  verdicts: createVerdicts({ folder: dirname(__dirname), env: process.env, clock: () => Date.now() }),
  coverage: createCoverage(),
};

new PolicyPack("elevation", { policies: rules.map((rule) => policyOf(rule, pack)) });
