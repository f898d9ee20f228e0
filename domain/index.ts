// SPDX-License-Identifier: Apache-2.0
export { refuseUnenforcedAnchors } from "./anchors";
export { canonicalJson } from "./canonical-json";
export { activateByOf, requestDigestOf } from "./case";
export { decide } from "./decide";
export * from "./decision";
export * from "./digest";
export { type Directory, identityOf } from "./directory";
export {
  type Document,
  DocumentError,
  isDocumentError,
  type Path,
  type Position,
  type Problem,
  renderPath,
  renderProblem,
  type Source,
} from "./document";
export { doubledKey } from "./doubled-key";
export { formatDuration, parseDuration, renderDuration } from "./duration";
export { GRANT_TYPE } from "./grant-type";
export * from "./instant";
export * from "./journal-event";
export { type DocumentKind, jsonSchemaOf } from "./json-schema";
export { type Policy, type Target, targetOf } from "./policy";
export { DEFAULT_DOCUMENTS, type Judge, parseRequest, readDirectory, readJudge, readPolicy, readRequest } from "./read";
export { type Request, startAtOf } from "./request";
export { didYouMean, quote, quoteList } from "./text";
export { SERVED_KINDS, unservedTarget } from "./unenforced";
