// SPDX-License-Identifier: Apache-2.0
import { Query, type QueryConfig } from "pg";

/** One statement, by the extended protocol, which takes no second one; what it returns is thrown away row by row. */
export class Discarding extends Query {
  /** Rejects with what `pg` says. */
  readonly done: Promise<void>;
  /** Called by `pg`. */
  callback: (error: unknown) => void = () => undefined;

  constructor(text: string) {
    super(extended(text));
    this.done = new Promise((resolve, reject) => {
      this.callback = (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      };
    });
  }

  /** Called by `pg` for each row. */
  handleDataRow(): void {
    // Whether there are any is not asked: nor how many, nor which.
  }
}

/** Its types don't know of `queryMode`. */
function extended(text: string): QueryConfig & { readonly queryMode: "extended" } {
  return { text, queryMode: "extended" };
}
