// SPDX-License-Identifier: Apache-2.0

/**
 * The code that Pulumi keeps in the state of every Grant and runs on refresh and destroy. It captures nothing and always
 * runs the installed lifecycle, so a fix there reaches grants that are live already (docs/adr/0001-literal-shell.md).
 * A change of this text is a change of every grant's state: `diff` reports it.
 */
export const SHELL_TEXT = 'exports.handler = () => require("@elevation/provider/shell").handler();';
