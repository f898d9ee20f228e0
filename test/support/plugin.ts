// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

type Props = Record<string, unknown>;

/** @pulumi/pulumi's own dynamic provider plugin, as the engine starts it, spoken to as the engine speaks to it. */
export interface Plugin {
  check(olds: Props, news: Props): Promise<{ inputs: Props; failures: { property: string; reason: string }[] }>;
  diff(olds: Props, news: Props): Promise<{ changes: number; replaces: string[] }>;
  create(props: Props): Promise<{ id: string; properties: Props }>;
  read(id: string, props: Props): Promise<{ id: string; properties: Props }>;
  update(id: string, olds: Props, news: Props): Promise<{ properties: Props }>;
  delete(id: string, props: Props): Promise<void>;
  /** What it wrote to standard error so far. */
  stderr(): string;
  stop(): Promise<void>;
}

const URN = "urn:pulumi:production::elevation::pulumi-nodejs:dynamic/elevation:Grant::g";

export async function startPlugin(
  cwd: string,
  env: NodeJS.ProcessEnv,
  config: Record<string, string>,
): Promise<Plugin> {
  const script = require.resolve("@pulumi/pulumi/cmd/dynamic-provider");
  const child = spawn(process.execPath, [script, "127.0.0.1:1"], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (data: string) => {
    stderr += data;
  });
  const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  const client = new ResourceProviderClient(`127.0.0.1:${line.trim()}`, credentials.createInsecure());
  const configure = new messages.ConfigureRequest();
  configure.setArgs(struct(config));
  await call(client, "configure", configure);
  return { ...calls(client), stderr: () => stderr, stop: () => stop(child, client) };
}

function calls(client: ResourceProviderClient): Omit<Plugin, "stderr" | "stop"> {
  return {
    check: async (olds, news) => {
      const answer = (await call(
        client,
        "check",
        with2(new messages.CheckRequest(), olds, news),
      )) as messages.CheckResponse;
      const failures = answer
        .getFailuresList()
        .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
      return { inputs: plain(answer.getInputs()), failures };
    },
    diff: async (olds, news) => {
      const answer = (await call(
        client,
        "diff",
        with2(new messages.DiffRequest(), olds, news),
      )) as messages.DiffResponse;
      return { changes: answer.getChanges(), replaces: answer.getReplacesList() };
    },
    create: async (props) => {
      const request = new messages.CreateRequest();
      request.setUrn(URN);
      request.setProperties(struct(props));
      const answer = (await call(client, "create", request)) as messages.CreateResponse;
      return { id: answer.getId(), properties: plain(answer.getProperties()) };
    },
    read: async (id, props) => {
      const request = new messages.ReadRequest();
      request.setId(id);
      request.setProperties(struct(props));
      const answer = (await call(client, "read", request)) as messages.ReadResponse;
      return { id: answer.getId(), properties: plain(answer.getProperties()) };
    },
    update: async (id, olds, news) => {
      const request = with2(new messages.UpdateRequest(), olds, news);
      request.setId(id);
      const answer = (await call(client, "update", request)) as messages.UpdateResponse;
      return { properties: plain(answer.getProperties()) };
    },
    delete: async (id, props) => {
      const request = new messages.DeleteRequest();
      request.setId(id);
      request.setProperties(struct(props));
      await call(client, "delete", request);
    },
  };
}

function with2<T extends messages.CheckRequest | messages.DiffRequest | messages.UpdateRequest>(
  request: T,
  olds: Props,
  news: Props,
): T {
  request.setUrn(URN);
  request.setOlds(struct(olds));
  request.setNews(struct(news));
  return request;
}

function call(
  client: ResourceProviderClient,
  method: "configure" | "check" | "diff" | "create" | "read" | "update" | "delete",
  request: unknown,
): Promise<unknown> {
  const send = client[method] as unknown as (
    request: unknown,
    done: (error: ServiceError | null, answer: unknown) => void,
  ) => void;
  return new Promise((resolve, reject) => {
    send.call(client, request, (error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
}

function struct(props: Props): Struct {
  return Struct.fromJavaScript(props as Parameters<typeof Struct.fromJavaScript>[0]);
}

function plain(value: Struct | undefined): Props {
  return (value?.toJavaScript() ?? {}) as Props;
}

async function stop(child: ChildProcess, client: ResourceProviderClient): Promise<void> {
  client.close();
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
