import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { grpc } from 'multi-api-sdk/grpc';
import { serveGrpc } from 'multi-api-sdk/grpc/server';
import { startRaw } from './grpc-raw.ts';
import { compareCpu } from './in-flight.ts';

const raw = await startRaw();
const service = createBlogService();
const server = await serveGrpc(service);
const blog = createClient({ transport: grpc({ url: server.address }) });

await compareCpu({
  title: 'gRPC, CPU per unary call, 64 in flight, client and server together, against bare grpc-js with ts-proto',
  what: 'getUser',
  goal: '<= 1.10',
  ours: () => blog.getUser({ id: 123 }),
  raw: () => raw.getUser('123'),
  inFlight: 64,
  calls: 5000,
  rounds: 7,
});
await blog.close();
await server.close();
await service.close();
raw.close();
