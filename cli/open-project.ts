// SPDX-License-Identifier: Apache-2.0
import { type OpenedProject, openProject, ProjectError, readStackFiles } from "@elevation/reaper/stacks";
import { CommandError, EXIT } from "./exit";
import type { Terminal } from "./terminal";

/** The Pulumi project at or above a folder, which has stacks. Throws CommandError (bad input). */
export function openProjectAt(folder: string, terminal: Terminal): OpenedProject {
  try {
    const project = openProject(folder, { ...terminal.env }, (line) => terminal.say(line));
    readStackFiles(project.root);
    return project;
  } catch (error) {
    if (error instanceof ProjectError) throw new CommandError(EXIT.badInput, error.message, { cause: error });
    throw error;
  }
}
