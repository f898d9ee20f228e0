#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// A committed stub, so that npm links the command before the first build.
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const main = join(__dirname, "..", "dist", "main.js");
if (!existsSync(main)) {
  process.stderr.write("elevate: not built yet; run `npm run build` in the project's root\n");
  process.exit(2);
}
require(main);
