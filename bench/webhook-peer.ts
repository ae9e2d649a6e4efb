import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { servePeer } from './peer.ts';

/** How long each event took from its publisher to here, in milliseconds, by its number. */
const delays: number[][] = [];

// The endpoints of all subscriptions: `/hang` takes the request and says nothing, `/delays` tells what the others have seen.
const server = createServer((request, response) => {
  if (request.url === '/delays') return void response.end(JSON.stringify(delays));
  if (request.url === '/hang') return;
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  request.on('end', () => {
    const { n, at } = (JSON.parse(text) as { data: { n: number; at: number } }).data;
    (delays[n] ??= []).push(performance.timeOrigin + performance.now() - at);
    response.writeHead(204).end();
  });
});
server.listen(0, '0.0.0.0', 1024, () => servePeer((server.address() as AddressInfo).port));
