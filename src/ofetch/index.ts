/**
 * The requests of `rest()`, `graphql()` and `soap()` by a `$fetch` of ofetch: its interceptors, dispatcher, and Nuxt's cookies on the server. Needs
 * ofetch, or what brings a `$fetch`, such as Nuxt.
 *
 * @module multi-api-sdk/ofetch
 * @group Tools
 */

export { ofetchCarrier, type OfetchLike, type OfetchOptions, type OfetchWithRaw } from './carrier.ts';
