import { describe } from 'vitest';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { goldenCases } from '../support/golden-http.ts';

describe('GraphQL on the wire', () => goldenCases('graphql', graphqlHandler, (url, fetch) => graphql({ url, fetch })));
