import { graphqlTarget } from './graphql.ts';

/** Subscriptions in parts, as Apollo Router and its clients exchange them. */
export const target = graphqlTarget('graphql-multipart', 'multipart');
