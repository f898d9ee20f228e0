// SPDX-License-Identifier: Apache-2.0

/**
 * The resource type under which the engine, the policy pack and the state know a Grant. One constant for provider and
 * pack: a pack that looked for another type would see no Grant and say nothing.
 */
export const GRANT_TYPE = "pulumi-nodejs:dynamic/elevation:Grant";
