// SPDX-License-Identifier: Apache-2.0
import { declareGrants } from "@elevation/provider";

// Every file below stacks/requests that is for an environment of this stack becomes a Grant.
// A Grant can be written in code, too: see stacks/examples/new-grant.ts.
export = () => declareGrants("requests");
