// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { LanguageRuntimeClient } from "@pulumi/pulumi/proto/language_grpc_pb";
import { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";

/** A language host started as the engine starts it: its standard input stays open as long as the engine lives. */
export class LanguageHost {
  readonly process: ChildProcess;
  readonly client: LanguageRuntimeClient;
  /** What it and its programs wrote, both streams. */
  output: string;

  private constructor(child: ChildProcess, port: string) {
    this.process = child;
    this.client = new LanguageRuntimeClient(`127.0.0.1:${port}`, credentials.createInsecure());
    this.output = "";
  }

  static async start(file: string, cwd: string, ...args: string[]): Promise<LanguageHost> {
    const child = spawn(file, args, { cwd, stdio: ["pipe", "pipe", "pipe"] });
    const lines = createInterface(child.stdout);
    const [port] = (await once(lines, "line")) as [string];
    const host = new LanguageHost(child, port);
    lines.on("line", (line) => {
      host.output += `${line}\n`;
    });
    child.stderr.on("data", (text: Buffer) => {
      host.output += text.toString();
    });
    return host;
  }

  async end(): Promise<void> {
    this.client.close();
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
  }
}

type Answer<T> = (error: ServiceError | null, response: T) => void;

/** Makes a unary call. */
export function call<T>(make: (answer: Answer<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) =>
    make((error, response) => (error === null ? resolve(response) : reject(error))),
  );
}

/** All messages of a stream; rejects with its error. */
export async function messages<T>(stream: NodeJS.ReadableStream): Promise<T[]> {
  const all: T[] = [];
  stream.on("data", (message: T) => all.push(message));
  await once(stream, "end");
  return all;
}

export function programInfo(folder: string, options: { [key: string]: JavaScriptValue } = {}): ProgramInfo {
  const info = new ProgramInfo();
  info.setRootDirectory(folder);
  info.setProgramDirectory(folder);
  info.setEntryPoint(".");
  info.setOptions(Struct.fromJavaScript(options));
  return info;
}
