// 1 MiB of bytes there and back over gRPC against a bare Buffer by grpc-js: the CPU of both ends, in one process.
import { Client, credentials, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { bytes, createClient, createService, defineContract, mutation } from 'multi-api-sdk';
import { grpc } from 'multi-api-sdk/grpc';
import { serveGrpc } from 'multi-api-sdk/grpc/server';
import { z } from 'zod';
import { compareCpu } from './in-flight.ts';

const SIZE = 1_048_576;
const limits = { 'grpc.max_receive_message_length': 2 * SIZE, 'grpc.max_send_message_length': 2 * SIZE };
const data = new Uint8Array(SIZE).map((_, index) => index % 251);

const contract = defineContract({
  name: 'files',
  operations: { copy: mutation({ input: z.object({ data: bytes() }), output: z.object({ data: bytes() }) }) },
});
const service = createService(contract, { copy: (input) => input });
const served = await serveGrpc(service, { maxMessageBytes: 2 * SIZE });
const client = createClient({ contract, transport: grpc({ url: served.address, maxResponseBytes: 2 * SIZE }) });

/** The message of the .proto, by hand: field 1, its length, the bytes. */
const HEAD = Buffer.from([0x0a, 0x80, 0x80, 0x40]);
const serialize = (value: Buffer) => Buffer.concat([HEAD, value]);
const deserialize = (message: Buffer) => message.subarray(HEAD.length);
const server = new Server(limits);
server.addService(
  { copy: { path: '/files.v1.FilesService/Copy', requestStream: false, responseStream: false, requestSerialize: serialize, requestDeserialize: deserialize, responseSerialize: serialize, responseDeserialize: deserialize } }, // prettier-ignore
  { copy: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => callback(null, call.request) },
);
const port = await new Promise<number>((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
);
const raw = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), limits);
const buffer = Buffer.from(data.buffer);
const copyRaw = () =>
  new Promise<Buffer>((resolve, reject) =>
    raw.makeUnaryRequest('/files.v1.FilesService/Copy', serialize, deserialize, buffer, (error, answer) =>
      error || !answer ? reject(error ?? new Error('no answer')) : resolve(answer),
    ),
  );

const copied = await client.copy({ data });
if (Buffer.compare(copied.data, await copyRaw()) !== 0) throw new Error('the bytes differ');

await compareCpu({
  title: 'gRPC, 1 MiB of bytes there and back',
  what: 'CPU of both ends per call',
  goal: '<= 1.20',
  ours: () => client.copy({ data }),
  raw: copyRaw,
  inFlight: 4,
  calls: 100,
  rounds: 7,
});

await client.close();
await served.close();
await service.close();
raw.close();
server.forceShutdown();
