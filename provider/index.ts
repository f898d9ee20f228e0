// SPDX-License-Identifier: Apache-2.0
export { GRANT_TYPE } from "@elevation/domain";
export { GrantError, type GrantErrorCode, isGrantError } from "./errors";
export { declareGrants } from "./loader/declare-grants";
export { Grant, type GrantArgs, type GrantOptions } from "./resource/grant";
export { SHELL_TEXT } from "./resource/shell-text";
