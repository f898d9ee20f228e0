// SPDX-License-Identifier: Apache-2.0
import { dirname } from "node:path";
import { PolicyPack } from "@pulumi/policy";
import { rules } from "./rules";
import { createVerdicts } from "./verdict";

// The only file with a side effect: constructing a pack starts its server. Its documents lie in the pack's own folder.
const verdicts = createVerdicts({ folder: dirname(__dirname), env: process.env, clock: () => Date.now() });

new PolicyPack("elevation", { policies: rules.map((rule) => rule.policy(verdicts)) });
