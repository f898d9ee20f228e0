// SPDX-License-Identifier: Apache-2.0
export { type ClosedRule, closedRules, environmentsOf } from "./closed-rules";
export {
  type AccessChange,
  compareMeaning,
  type MeaningChange,
  type Place as ChangedPlace,
  type When,
} from "./compare";
export { type Demands, demandPhrases, hoursPhrase } from "./demands";
export { groupPeople, type PeopleGroup } from "./group-people";
export type { IdentityChange } from "./identity-changes";
export { likePeople } from "./like-people";
export { type Offer, offersOf, type Wish } from "./offers";
export { dutiesAt, jobFunctionsOf } from "./person-facts";
export type { RuleChange } from "./rule-changes";
export type { SettingChange } from "./setting-changes";
export type { WhoChange } from "./who-changes";
