// SPDX-License-Identifier: Apache-2.0
// Loaded before the tests of mutants (scripts/mutate): every run draws the same cases, so that a mutant's end is no matter of
// luck, and a case that kills one is not made smaller first.
import fc from "fast-check";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 20_261_124, endOnFailure: true });
