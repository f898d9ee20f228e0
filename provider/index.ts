// SPDX-License-Identifier: Apache-2.0
export { GrantError, type GrantErrorCode, isGrantError } from "./errors";
export { declareGrants } from "./loader/declare-grants";
export { Grant, type GrantArgs, type GrantOptions } from "./resource/grant";
export { GRANT_TYPE, SHELL_TEXT } from "./resource/shell-text";
