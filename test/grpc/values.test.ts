/** Values that JSON does not have: bytes and 64-bit integers, as gRPC has them. */
import { describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { defineContract, mutation } from '../../src/core/define.ts';
import { printProto } from '../../src/grpc/schema.ts';
import { bytes, instant, int64 } from '../../src/index.ts';
import { createService } from '../../src/service/service.ts';
import { clientOf, identity, rawClient, serve } from '../support/grpc.ts';

const File = z
  .object({ name: z.string(), body: bytes(), size: int64(), at: instant(), parts: z.array(bytes()), more: z.optional(bytes()) })
  .meta({ id: 'File' });
const contract = defineContract({ name: 'files', operations: { keep: mutation({ input: z.object({ file: File }), output: File }) } });

describe('bytes(), int64() and instant()', () => {
  it('are bytes, int64 and Timestamp in the .proto', () => {
    const text = printProto(contract);
    for (const field of [
      'bytes body = 2;',
      'int64 size = 3;',
      'google.protobuf.Timestamp at = 4;',
      'repeated bytes parts = 5;',
      'optional bytes more = 6;',
    ])
      expect(text).toContain(field);
  });

  it('arrive as they were given', async () => {
    const seen: unknown[] = [];
    const service = createService(contract, { keep: ({ file }) => (seen.push(file), file) });
    onTestFinished(() => service.close());
    const { address } = await serve(service);
    const client = clientOf(contract, { url: address });
    const file = {
      name: 'x',
      body: new Uint8Array([0, 255, 128]),
      size: 9_007_199_254_740_993n,
      at: new Date('2024-01-15T09:30:00.123Z'),
      parts: [new Uint8Array(), new Uint8Array([7])],
      more: new Uint8Array(),
    };
    expect(await client.keep({ file })).toEqual(file);
    expect(seen).toEqual([file]);
    const smallest = { ...file, body: new Uint8Array(), size: -(2n ** 63n), parts: [], more: undefined };
    const { more: _, ...expected } = smallest;
    expect(await client.keep({ file: smallest })).toEqual(expected);
  });

  it('are large at any place of a message', async () => {
    const service = createService(contract, { keep: ({ file }) => file });
    onTestFinished(() => service.close());
    const { address } = await serve(service);
    const client = clientOf(contract, { url: address });
    const large = (fill: number, length = 100_000) => new Uint8Array(length).fill(fill);
    const file = {
      name: 'x',
      size: 1n,
      at: new Date(0),
      body: large(1),
      parts: [large(2), new Uint8Array([7]), large(3, 65_536)],
      more: large(4),
    };
    expect(await client.keep({ file })).toEqual(file);
    // In the request they are within a message, in the answer they stand by themselves.
    const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
    const field = (number: number, value: Uint8Array) => Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(value.length)]), value]);
    const message = Buffer.concat([field(1, Buffer.from('x')), field(2, file.body), Buffer.from([0x18, 1, 0x22, 0]), ...file.parts.map((part) => field(5, part)), field(6, file.more)]); // prettier-ignore
    const answer = await new Promise<Buffer | undefined>((resolve, reject) =>
      rawClient(address).makeUnaryRequest('/files.v1.FilesService/Keep', identity, identity, field(1, message), (error, bytes) =>
        error ? reject(error) : resolve(bytes),
      ),
    );
    expect(answer && Buffer.compare(answer, message)).toBe(0);
  });

  it('are in the message as any other program writes them', async () => {
    const service = createService(contract, { keep: ({ file }) => file });
    onTestFinished(() => service.close());
    const { address } = await serve(service);
    const answer = await new Promise<Buffer | undefined>((resolve, reject) =>
      rawClient(address).makeUnaryRequest(
        '/files.v1.FilesService/Keep',
        identity,
        identity,
        Buffer.from([10, 13, 0x0a, 1, 0x78, 0x12, 2, 0, 255, 0x18, 7, 0x22, 2, 0x08, 9]),
        (error, bytes) => (error ? reject(error) : resolve(bytes)),
      ),
    );
    expect(answer).toEqual(Buffer.from([0x0a, 1, 0x78, 0x12, 2, 0, 255, 0x18, 7, 0x22, 2, 0x08, 9]));
  });
});
