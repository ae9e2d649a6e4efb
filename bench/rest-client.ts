import { createClient } from 'multi-api-sdk';
import { rest } from 'multi-api-sdk/rest';
import { compareCpu } from './in-flight.ts';
import { startPeer } from './peer.ts';

const peer = await startPeer('rest-peer.js', 'raw');
const url = `http://127.0.0.1:${peer.port}`;
const blog = createClient({ transport: rest({ url }) });
const ours = () => blog.getUser({ id: 123 });
const raw = async () => JSON.parse(await (await fetch(`${url}/users/123`)).text()) as unknown;

await compareCpu({
  title: 'REST client, CPU per call, 32 in flight, against global fetch and JSON.parse',
  what: 'getUser',
  goal: '<= 0.35',
  ours,
  raw,
  inFlight: 32,
  calls: 6000,
  rounds: 7,
});
await blog.close();
peer.stop();
