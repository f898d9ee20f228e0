// SPDX-License-Identifier: Apache-2.0
// `node engine/dist/main.js` gets an engine and prints where it came from, its version and its path;
// `eval "$(node engine/dist/main.js --env)"` sets a shell up for it. Progress goes to stderr.
import { EngineError } from "./engine";
import { getEngine } from "./get-engine";

const usage = "usage: node engine/dist/main.js [--env]";

/** Quotes a value for a POSIX shell. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

async function main(args: readonly string[]): Promise<void> {
  const [argument, ...more] = args;
  if (more.length > 0 || (argument !== undefined && argument !== "--env")) {
    process.stderr.write(`${usage}\n`);
    process.exitCode = 2;
    return;
  }
  const engine = await getEngine({ onProgress: (line) => process.stderr.write(`engine: ${line}\n`) });
  const lines =
    argument === "--env"
      ? Object.entries(engine.env).map(([name, value]) => `export ${name}=${quoted(value)}`)
      : [`${engine.source} ${engine.version} ${engine.pulumi}`];
  process.stdout.write(`${lines.join("\n")}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`engine: ${error instanceof EngineError ? error.message : String(error)}\n`);
  process.exitCode = 4;
});
