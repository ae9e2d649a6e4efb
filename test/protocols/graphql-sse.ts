import { graphqlTarget } from './graphql.ts';

/** Where no WebSocket passes: subscriptions as server-sent events. */
export const target = graphqlTarget('graphql-sse', 'sse');
