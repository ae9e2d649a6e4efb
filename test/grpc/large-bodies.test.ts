/** A file or bytes are part of one message of gRPC: what is said of those that are too large for it. */
import * as z from 'zod/mini';
import { describe, expect, test } from 'vitest';
import { bytes, createClient, createService, defineContract, file, mutation, query } from '../../src/core.ts';
import { grpc } from '../../src/grpc/client.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { failure } from '../support/failure.ts';

const contract = defineContract({
  name: 'bodies',
  operations: {
    up: mutation({ input: z.object({ content: file() }), output: z.int32() }),
    upBytes: mutation({ input: z.object({ content: bytes() }), output: z.int32() }),
    down: query({ input: z.object({ size: z.int32() }), output: file() }),
  },
});

describe('large bodies over gRPC', () => {
  test('are refused with the limit, and go with a larger one', async () => {
    const service = createService(contract, {
      up: async ({ content }) => (await content.bytes()).length,
      upBytes: ({ content }) => content.length,
      down: ({ size }) => ({ content: new Uint8Array(size) }),
    });
    const server = await serveGrpc(service, { port: 0 });
    const client = createClient({ contract, transport: grpc({ url: server.address }) });
    const content = new Uint8Array(2_000_000);
    const tooLarge = { code: 'INVALID_ARGUMENT', text: 'the request is larger than 1048576 bytes' };
    expect(await failure(client.up({ content }))).toMatchObject(tooLarge);
    expect(await failure(client.upBytes({ content }))).toMatchObject(tooLarge);
    expect(await failure(client.up({ content: new Uint8Array(8_500_000) }))).toMatchObject({ code: 'INVALID_ARGUMENT', text: expect.stringContaining('8388608 bytes together') as string }); // prettier-ignore
    expect(await failure(client.down({ size: 5_000_000 }))).toMatchObject({ code: 'DATA_LOSS', text: expect.stringContaining('maxResponseBytes') as string }); // prettier-ignore
    await client.close();
    await server.close();

    const larger = await serveGrpc(service, { port: 0, maxMessageBytes: 9_000_000 });
    const other = createClient({ contract, transport: grpc({ url: larger.address, maxResponseBytes: 9_000_000 }) });
    expect(await other.up({ content })).toBe(2_000_000);
    expect((await (await other.down({ size: 5_000_000 })).bytes()).length).toBe(5_000_000);
    await other.close();
    await larger.close();
    await service.close();
  });
});
