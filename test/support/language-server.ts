// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { createMessageConnection, type MessageConnection } from "vscode-jsonrpc/node";

const SERVER = join(dirname(require.resolve("yaml-language-server/package.json")), "bin", "yaml-language-server");

/** Where something stands, as editors count: both from 0. */
export interface EditorPosition {
  readonly line: number;
  readonly character: number;
}

interface Diagnostic {
  readonly range: { readonly start: EditorPosition };
  readonly message: string;
}

/** An editor in front of the YAML language server, as a process of its own. */
export class Editor {
  readonly #server: ChildProcess;
  readonly #connection: MessageConnection;
  #opened = 0;
  readonly #diagnosed = new Map<string, (found: readonly Diagnostic[]) => void>();

  private constructor(server: ChildProcess, connection: MessageConnection) {
    this.#server = server;
    this.#connection = connection;
    connection.onNotification(
      "textDocument/publishDiagnostics",
      ({ uri, diagnostics }: { uri: string; diagnostics: Diagnostic[] }) => this.#diagnosed.get(uri)?.(diagnostics),
    );
    // Nothing is set: what counts is what a document says itself. No schema comes from the network.
    connection.onRequest("workspace/configuration", ({ items }: { items: readonly { section: string }[] }) =>
      items.map(({ section }) => (section === "yaml" ? { schemaStore: { enable: false } } : null)),
    );
    connection.onRequest("client/registerCapability", () => null);
    connection.listen();
  }

  static async open(folder: string): Promise<Editor> {
    const server = spawn(process.execPath, [SERVER, "--stdio"], { stdio: ["pipe", "pipe", "ignore"] });
    const { stdin, stdout } = server;
    const editor = new Editor(server, createMessageConnection(stdout, stdin));
    const uri = pathToFileURL(folder).href;
    await editor.#connection.sendRequest("initialize", {
      processId: process.pid,
      rootUri: uri,
      workspaceFolders: [{ uri, name: basename(folder) }],
      capabilities: { workspace: { configuration: true, workspaceFolders: true }, textDocument: {} },
    });
    await editor.#connection.sendNotification("initialized", {});
    return editor;
  }

  /** What is marked in a text that lies in a folder, as `line:column: message`, counted from 1. */
  async problemsOf(folder: string, text: string): Promise<readonly string[]> {
    const uri = this.#newUri(folder);
    const diagnosed = new Promise<readonly Diagnostic[]>((resolve) => this.#diagnosed.set(uri, resolve));
    await this.#open(uri, text);
    return (await diagnosed).map(
      ({ range: { start }, message }) => `${start.line + 1}:${start.character + 1}: ${message}`,
    );
  }

  /** What is told of the word at a position. */
  async hoverAt(folder: string, text: string, position: EditorPosition): Promise<string> {
    const answer = await this.#ask<{ contents: { value: string } } | null>("hover", folder, text, position);
    return answer?.contents.value ?? "";
  }

  /** What may be written at a position: what each means, by its name. */
  async completionsAt(
    folder: string,
    text: string,
    position: EditorPosition,
  ): Promise<Readonly<Record<string, string>>> {
    const { items } = await this.#ask<{
      items: readonly { label: string; documentation?: string | { value: string } }[];
    }>("completion", folder, text, position);
    return Object.fromEntries(
      items.map(({ label, documentation: told = "" }) => [label, typeof told === "string" ? told : told.value]),
    );
  }

  async close(): Promise<void> {
    const exited = once(this.#server, "exit");
    await this.#connection.sendRequest("shutdown");
    await this.#connection.sendNotification("exit");
    await exited;
    this.#connection.dispose();
  }

  async #ask<Answer>(what: string, folder: string, text: string, position: EditorPosition): Promise<Answer> {
    const uri = this.#newUri(folder);
    await this.#open(uri, text);
    return await this.#connection.sendRequest<Answer>(`textDocument/${what}`, { textDocument: { uri }, position });
  }

  /** NB. Never twice the same: the server also tells, when a file is closed, that nothing is marked in it. */
  #newUri(folder: string): string {
    this.#opened += 1;
    return pathToFileURL(join(folder, `opened-${this.#opened}.yaml`)).href;
  }

  #open(uri: string, text: string): Promise<void> {
    const textDocument = { uri, languageId: "yaml", version: 1, text };
    return this.#connection.sendNotification("textDocument/didOpen", { textDocument });
  }
}
