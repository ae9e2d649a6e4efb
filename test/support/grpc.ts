import { Client, credentials, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { createBlogService } from '../../src/blog/index.ts';
import type { Contract } from '../../src/core/contract.ts';
import type { Transport } from '../../src/core/transport.ts';
import { grpc, type GrpcOptions } from '../../src/grpc/client.ts';
import { serveGrpc, type GrpcServer, type ServeGrpcOptions } from '../../src/grpc/server.ts';
import { createClient } from '../../src/index.ts';

/** Serves a transport until the test is over. */
export async function serve(transport: Transport, options: ServeGrpcOptions = {}): Promise<GrpcServer> {
  const server = await serveGrpc(transport, options);
  onTestFinished(() => server.close(500));
  return server;
}

/** The Blog service, until the test is over. */
export function blogService() {
  const service = createBlogService();
  onTestFinished(() => service.close());
  return service;
}

/** A client of the Blog, until the test is over. */
export function blogClient(options: GrpcOptions) {
  const client = createClient({ transport: grpc(options) });
  onTestFinished(() => client.close());
  return client;
}

/** A client of a contract, until the test is over. */
export function clientOf<const C extends Contract>(contract: C, options: GrpcOptions) {
  const client = createClient({ contract, transport: grpc(options) });
  onTestFinished(() => client.close());
  return client;
}

/** A client of grpc-js itself, until the test is over. */
export function rawClient(address: string): Client {
  const client = new Client(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

/** Bytes as they are: the codec of a call that nobody decodes. */
export const identity = (bytes: Buffer): Buffer => bytes;

/** Opens a server stream by its path, with an empty request. */
export const rawStream = (client: Client, path: string): ClientReadableStream<Buffer> =>
  client.makeServerStreamRequest(path, identity, identity, Buffer.alloc(0));

/** The status that a stream ends with. */
export const statusOf = (call: ClientReadableStream<Buffer>) => new Promise<ServiceError>((resolve) => call.on('error', resolve));
