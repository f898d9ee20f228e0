// SPDX-License-Identifier: Apache-2.0
import { JournalFolder } from "../support/journal-folder";
import { JournalProcess } from "../support/journal-process";
import { describeJournalStore } from "./journal-store";

describeJournalStore("file", async () => {
  const folder = await JournalFolder.empty();
  return {
    store: () => folder.store(),
    process: (task) => new JournalProcess({ ...task, address: folder.address }),
    remove: () => folder.remove(),
  };
});
