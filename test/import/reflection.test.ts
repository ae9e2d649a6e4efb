/** Services of gRPC that tell their descriptors themselves. */
import { Server, ServerCredentials, type ServiceDefinition, type UntypedHandleCall } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionV1AlphaImplementation } from '@grpc/reflection/build/src/implementations/reflection-v1alpha.js';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { importContract } from '../../src/import/index.ts';
import { serve } from '../../src/serve/index.ts';
import { importing } from '../support/imported.ts';

const made = importing();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server of grpc-js with the service of a .proto file. */
async function serverOf(prepare: (server: Server) => void): Promise<string> {
  const server = new Server();
  prepare(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  closing.push(() => server.forceShutdown());
  return `grpc://127.0.0.1:${port}`;
}

describe('a server with reflection', () => {
  test('of this library is imported, and its client has the address', async () => {
    const service = createBlogService();
    closing.push(() => service.close());
    const served = await serve(service, { port: 0, grpcPort: 0, protocols: ['grpc'] });
    closing.push(() => served.close());
    const imported = await importContract(`grpc://${served.grpc}`);
    expect(imported).toMatchObject({ format: 'proto', name: 'blog', findings: [] });
    const { connect } = await made.load(imported);
    const client = connect();
    closing.push(() => client.close());
    expect(await client['getUser']?.({ id: '123' })).toMatchObject({ name: 'john_doe' });
  });

  test('of others, with the older version of it, is imported with what its files import', async () => {
    const file = join(made.folder, 'clock.proto');
    await writeFile(join(made.folder, 'kinds.proto'), 'syntax = "proto3";\npackage kinds;\nenum Kind { KIND_NONE = 0; KIND_UTC = 1; }');
    await writeFile(
      file,
      'syntax = "proto3";\npackage clock.v1;\nimport "kinds.proto";\nimport "google/protobuf/timestamp.proto";\nmessage Asked { kinds.Kind kind = 1; }\nmessage Told { google.protobuf.Timestamp at = 1; kinds.Kind kind = 2; }\nservice Clock { rpc Tell(Asked) returns (Told); }',
    );
    const definition = loadSync(file, { includeDirs: [made.folder], enums: String });
    const url = await serverOf((server) => {
      const tell = (call: { readonly request: object }, done: (error: null, value: object) => void) =>
        done(null, { at: { seconds: 1 }, ...call.request });
      server.addService(definition['clock.v1.Clock'] as ServiceDefinition, { Tell: tell as UntypedHandleCall });
      new ReflectionV1AlphaImplementation(definition).addToServer(server);
    });
    const imported = await importContract(url, { headers: { authorization: 'Bearer t' } });
    expect(imported).toMatchObject({ operations: ['tell'], findings: [] });
    const { connect } = await made.load(imported);
    const client = connect();
    closing.push(() => client.close());
    const told = { at: '1970-01-01T00:00:01Z', kind: 'KIND_UTC' };
    expect(await client['tell']?.({ kind: 'KIND_UTC' })).toEqual(told);
    await expect(importContract(url, { maxBytes: 50 })).rejects.toThrow(/larger|too large/);
  });

  test('and one without it is named for that', async () => {
    const url = await serverOf(() => {});
    await expect(importContract(url)).rejects.toThrow(
      `${url} cannot be read: the server has no reflection (grpc.reflection.v1 or v1alpha)`,
    );
    await expect(importContract('grpc://127.0.0.1:1')).rejects.toThrow(
      /^grpc:\/\/127.0.0.1:1 cannot be read: no connection: connect ECONNREFUSED 127.0.0.1:1: is the server running\?$/,
    );
    await expect(importContract('grpc://127.0.0.1')).rejects.toThrow(/is not an address of a gRPC server/);
  });
});
