// SPDX-License-Identifier: Apache-2.0
import { JournalProcess } from "../support/journal-process";
import { sharedJournalServer } from "../support/journal-server";
import { describeJournalStore } from "./journal-store";

const server = sharedJournalServer();

describeJournalStore("PostgreSQL", async () => {
  const database = await (await server()).database();
  return {
    // As the owner, who makes it; the processes append with a writer's rights.
    store: () => database.store("journal_owner"),
    process: (task) => new JournalProcess({ ...task, address: database.address("journal_writer") }),
    remove: () => database.drop(),
  };
});
