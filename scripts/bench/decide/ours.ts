// SPDX-License-Identifier: Apache-2.0
import { decide, requestDigestOf } from "@elevation/domain";
import type { Contestant } from "./contestant";

/** decide() as pack, provider and CLI call it: it also says when access ends, which rule speaks, and every violation. */
export const ours: Contestant = {
  name: "elevation",
  prepare: async ({ policy, directory, documents, requests }) => {
    for (const request of documents) requestDigestOf(request);
    const [live, history] = [Object.freeze([]), Object.freeze([])];
    const contexts = requests.map(({ now }) => ({ now, proof: null, approvals: null, live, history }));
    return (index) => {
      const [request, context] = [documents[index], contexts[index]];
      if (request === undefined || context === undefined) throw new RangeError(`there is no request ${index}`);
      return decide(policy, directory, request, context).outcome === "allow";
    };
  },
};
