import { GraphQLClient } from 'graphql-request';
import { createClient } from 'multi-api-sdk';
import { graphql } from 'multi-api-sdk/graphql';
import { startPeer } from './peer.js';
import { median, printTable } from './table.js';

const IN_FLIGHT = 32;
const CALLS = 4000;
const ROUNDS = 5;

/** Microseconds of this process's CPU per call. */
async function cpuPerCall(call: () => Promise<unknown>): Promise<number> {
  let left = CALLS;
  const before = process.cpuUsage();
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left-- > 0) await call();
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

const peer = await startPeer('graphql-peer.js', 'raw');
const url = `http://127.0.0.1:${peer.port}/graphql`;
const blog = createClient({ transport: graphql({ url }) });
const select = { username: true, posts: { title: true } } as const;
const ours = () => blog.getUser({ id: 123 }, { select });
const client = new GraphQLClient(url);
const query = 'query getUser($id: Int!) { user(id: $id) { username posts { title } } }';
const raw = () => client.request(query, { id: 123 });

await cpuPerCall(raw);
await cpuPerCall(ours);
const results: { ours: number; raw: number }[] = [];
for (let index = 0; index < ROUNDS; index++) results.push({ raw: await cpuPerCall(raw), ours: await cpuPerCall(ours) });
await blog.close();
peer.stop();

const us = (which: 'ours' | 'raw') => `${median(results.map((result) => result[which])).toFixed(1)} µs`;
printTable(`GraphQL client, CPU per call, ${IN_FLIGHT} in flight, against graphql-request on global fetch`, [
  {
    what: 'getUser with posts',
    ours: us('ours'),
    raw: us('raw'),
    ratio: median(results.map((result) => result.ours / result.raw)),
    goal: '<= 0.50',
  },
]);
