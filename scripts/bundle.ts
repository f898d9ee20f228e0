// SPDX-License-Identifier: Apache-2.0
// Writes dist-pack: the policy pack with its documents as a folder that `pulumi policy publish` carries as a whole.
import { relative } from "node:path";
import { BUNDLE_FOLDER, bundlePack } from "./support/bundle-pack";

bundlePack(BUNDLE_FOLDER).then(
  () => void process.stdout.write(`${relative(process.cwd(), BUNDLE_FOLDER)}\n`),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
