// SPDX-License-Identifier: Apache-2.0
export { type Admins, readAdmins } from "./admins";
export { type AllowedSigners, readAllowedSigners, readRevokedKeys, type Signer } from "./allowed-signers";
export { refuseUnenforcedAnchors } from "./anchors";
export { BREAK_GLASS } from "./break-glass";
export { canonicalJson } from "./canonical-json";
export { activateByOf, requestDigestOf } from "./case";
export { roleDigestOf } from "./compiled-policy";
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
export type { FireDrills, ProbeKind } from "./fire-drills";
export { GRANT_TYPE } from "./grant-type";
export * from "./instant";
export * from "./journal-event";
export { DOCUMENT_KINDS, type DocumentKind, jsonSchemaOf } from "./json-schema";
export { judgedAgain } from "./judged-again";
export { LINT_CHECKS } from "./lint/checks";
export { type LintContext, type LintFinding, lint } from "./lint/lint";
export type { LintCheck, Severity } from "./lint/lint-check";
export type { TestedRules } from "./lint/subject";
export { type Lock, type Lockable, lockedBy, lockOf, namedLock } from "./lock";
export * from "./meaning";
export type { Order, OrderLock, OrderPayload } from "./order";
export { type Policy, type Target, targetOf } from "./policy";
export type { Expectation, PolicyTest, PolicyTestCase } from "./policy-test";
export { type CaseRun, runCase, violationIds } from "./policy-test-run";
export {
  DEFAULT_DOCUMENTS,
  findPolicyTest,
  type Judge,
  type Purpose,
  parseRequest,
  readDirectory,
  readFireDrills,
  readJudge,
  readOrder,
  readPolicy,
  readPolicyTest,
  readRequest,
} from "./read";
export { type Request, startAtOf } from "./request";
export { type RuleCoverage, ruleCoverage } from "./rule-coverage";
export { type OrderTrust, type Signature, type VerifiedOrder, verifyOrder } from "./signed-order";
export { checkSignature, ORDER_NAMESPACE, type SignatureCheck } from "./ssh/signature";
export { TARGET_KINDS } from "./target-kinds";
export { didYouMean, quote, quoteList } from "./text";
export { unservedTarget } from "./unenforced";
