/**
 * Options for TanStack Query, of a client's operations and events: for React, Vue, Svelte, Solid and Angular alike. Needs the core of TanStack Query, which
 * each of its packages brings.
 *
 * @module multi-api-sdk/tanstack
 * @group Tools
 */

export { createTanstackQuery } from './create.ts';
export type { EventData, EventQueryOptions, EventUtils, InfiniteUtils, MutationUtils, QueryUtils, TanstackQuery } from './types.ts';
