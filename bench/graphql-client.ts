import { GraphQLClient } from 'graphql-request';
import { createClient } from 'multi-api-sdk';
import { graphql } from 'multi-api-sdk/graphql';
import { compareCpu } from './in-flight.ts';
import { startPeer } from './peer.ts';

const peer = await startPeer('graphql-peer.js', 'raw');
const url = `http://127.0.0.1:${peer.port}/graphql`;
const blog = createClient({ transport: graphql({ url }) });
const select = { username: true, posts: { title: true } } as const;
const ours = () => blog.getUser({ id: 123 }, { select });
const client = new GraphQLClient(url);
const query = 'query getUser($id: Int!) { user(id: $id) { username posts { title } } }';
const raw = () => client.request(query, { id: 123 });

await compareCpu({
  title: 'GraphQL client, CPU per call, 32 in flight, against graphql-request on global fetch',
  what: 'getUser with posts',
  goal: '<= 0.50',
  ours,
  raw,
  inFlight: 32,
  calls: 4000,
  rounds: 5,
});
await blog.close();
peer.stop();
