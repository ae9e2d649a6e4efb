import { readdirSync, readFileSync } from 'node:fs';
import { Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import type { ErrorBody } from '../../src/core/errors.ts';
import { conformanceContract } from '../../src/conformance/contract.ts';
import { createConformanceService } from '../../src/conformance/service.ts';
import { blogContract } from '../../src/blog/contract.ts';
import { createClient } from '../../src/index.ts';
import { grpc } from '../../src/grpc/client.ts';
import type { WireRecord } from '../../src/peer/on-wire.ts';
import { blogService, identity, rawClient, serve } from '../support/grpc.ts';

/**
 * Each folder is a case: `request.hex` is the message as it is sent, `response.txt` what must be answered, and `case.json`. Where that has a `call`, our client
 * must send the same message and understand the same answer. A new bug is a new folder; `npx vitest run test/grpc/golden.test.ts --update` writes the responses.
 */
interface GoldenCase {
  readonly about: string;
  readonly contract?: 'conformance';
  readonly path: string;
  readonly call?: { readonly operation: string; readonly input: unknown; readonly output?: unknown; readonly error?: ErrorBody };
}

const folder = new URL('../golden/grpc/', import.meta.url);

function openService(contract: GoldenCase['contract']) {
  return contract === 'conformance' ? createConformanceService({ onError: () => {} }).service : blogService();
}

/** What a client sees of an answer: the head, the messages, and the status with its details. */
function answerTo(address: string, path: string, request: Buffer): Promise<string> {
  const metadata = new Metadata();
  metadata.set('x-request-id', 'golden');
  const lines: string[] = [];
  const add = (of: Metadata) => {
    for (const [name, value] of Object.entries(of.getMap())) {
      if (/^(x-|grpc-)/.test(name) && !name.startsWith('grpc-accept'))
        lines.push(`${name}: ${typeof value === 'string' ? value : value.toString('base64')}`);
    }
  };
  return new Promise((resolve) => {
    const call = rawClient(address).makeServerStreamRequest(path, identity, identity, request, metadata);
    call.on('metadata', add);
    call.on('data', (message: Buffer) => {
      lines.push(`message: ${message.toString('hex')}`);
      // A stream of events has no end of its own.
      if (path.includes('/On')) call.cancel();
    });
    call.on('error', () => {});
    call.on('status', ({ code, details, metadata: trailers }: StatusObject) => {
      lines.push(`status: ${code} ${Status[code] ?? ''}${details === 'OK' ? '' : `: ${details}`}`);
      add(trailers);
      resolve(`${lines.join('\n')}\n`);
    });
  });
}

describe.each(readdirSync(folder))('%s', (name) => {
  const read = (file: string) => readFileSync(new URL(`${name}/${file}`, folder), 'utf8');
  const { contract, path, call } = JSON.parse(read('case.json')) as GoldenCase;
  const request = Buffer.from(read('request.hex').replace(/\s+/g, ''), 'hex');

  test('is answered as it was', async () => {
    const { address } = await serve(openService(contract));
    await expect(await answerTo(address, path, request)).toMatchFileSnapshot(new URL(`${name}/response.txt`, folder).pathname);
  });

  test.skipIf(!call)(
    `is what our client sends and understands${call ? '' : ' (skipped: the folder is of what our client never sends)'}`,
    async () => {
      if (!call) return;
      const { address } = await serve(openService(contract));
      const sent: WireRecord[] = [];
      const transport = grpc({
        url: address,
        onWire: (record) => record.direction === 'out' && sent.push(record),
        headers: { 'x-request-id': 'golden' },
      });
      const client = createClient({
        contract: contract === 'conformance' ? conformanceContract : blogContract,
        transport,
      }) as never as Record<string, (input: unknown) => Promise<unknown>> & { close(): Promise<void> };
      const result = client[call.operation]?.(call.input);
      if (call.error) await expect(result).rejects.toMatchObject({ code: call.error.code, text: call.error.message });
      else expect(await result).toEqual(call.output);
      expect(sent.map(({ start, body }) => [start, body])).toEqual([[path, request.toString('base64')]]);
      await client.close();
    },
  );
});
