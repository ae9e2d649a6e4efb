/** Streamed operations over gRPC for peers that we did not write: server streaming, bytes and typed errors. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { printProto } from '../../src/grpc/server.ts';
import { bytes, createService, defineContract, instant, stream } from '../../src/index.ts';
import { serve } from '../support/grpc.ts';
import { missingPython, PYTHON, PYTHON_FOLDER } from '../support/python.ts';
import { ROOT } from '../support/source-graph.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const contract = defineContract({
  name: 'model',
  operations: {
    read: stream({
      input: z.object({ count: z.int32(), fail: z.boolean().optional() }),
      item: z.object({ n: z.int32(), data: bytes(), at: instant() }).meta({ id: 'Chunk' }),
      errors: { SPENT: { code: 'RESOURCE_EXHAUSTED', details: z.object({ left: z.int32() }) } },
    }),
  },
});

async function open() {
  const seen = { left: 0 };
  const service = createService(contract, {
    async *read({ count, fail }, { errors }) {
      try {
        for (let n = 1; n <= count; n++) yield { n, data: new Uint8Array([0, 255, n]), at: new Date('2024-01-15T09:30:00Z') };
        if (fail === true) throw errors.SPENT({ left: 0 });
      } finally {
        seen.left++;
      }
    },
  });
  onTestFinished(() => service.close());
  const { address } = await serve(service);
  return { address, seen };
}

describe('a server stream is taken by', () => {
  it('buf curl', async () => {
    const { address } = await open();
    const args = ['curl', '--http2-prior-knowledge', '--protocol', 'grpc'];
    const { stdout } = await run(
      join(ROOT, 'node_modules/.bin/buf'),
      [...args, '-d', '{"count":2}', `http://${address}/model.v1.ModelService/Read`],
      { timeout: 60_000 },
    );
    const items = JSON.parse(`[${stdout.replaceAll(/\}\s*\{/g, '},{')}]`) as unknown;
    expect(items).toEqual([1, 2].map((n) => ({ n, data: Buffer.from([0, 255, n]).toString('base64'), at: '2024-01-15T09:30:00Z' })));
    const failing = run(
      join(ROOT, 'node_modules/.bin/buf'),
      [...args, '-d', '{"count":1,"fail":true}', `http://${address}/model.v1.ModelService/Read`],
      { timeout: 60_000 },
    );
    const { stderr } = await failing.then(
      () => expect.unreachable(),
      (error: unknown) => error as { readonly stderr: string },
    );
    const { code, details } = JSON.parse(stderr) as { code: string; details: { type: string; value: string; debug?: unknown }[] };
    expect([code, details.find(({ type }) => type === 'google.protobuf.Struct')?.debug]).toEqual(['resource_exhausted', { left: 0 }]);
    const info = details.find(({ type }) => type === 'google.rpc.ErrorInfo')?.value ?? '';
    expect(Buffer.from(info, 'base64').toString()).toContain('SPENT');
  }, 120_000);

  it.skipIf(missingPython() !== undefined)(
    'Python’s grpcio',
    async () => {
      const { address, seen } = await open();
      const folder = mkdtempSync(join(tmpdir(), 'grpc-stream-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      mkdirSync(join(folder, 'rpc'));
      writeFileSync(join(folder, 'model.proto'), printProto(contract));
      copyFileSync(join(PYTHON_FOLDER, 'google_rpc.proto'), join(folder, 'rpc/google_rpc.proto'));
      const plugin = '--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin';
      await run('protoc', ['-I', folder, `--python_out=${folder}`, plugin, `--grpc_out=${folder}`, 'model.proto']);
      await run('protoc', ['-I', join(folder, 'rpc'), `--python_out=${join(folder, 'rpc')}`, 'google_rpc.proto']);
      const { stdout } = await run(PYTHON, [join(PYTHON_FOLDER, 'stream.py'), folder, address], { timeout: 60_000 });
      expect(JSON.parse(stdout)).toEqual({
        chunks: [1, 2, 3].map((n) => [n, Buffer.from([0, 255, n]).toString('hex'), '2024-01-15T09:30:00Z']),
        failed: [[1, 2], 'RESOURCE_EXHAUSTED', ['SPENT']],
        first: 1,
      });
      await until(() => seen.left === 3, 'the handler of the endless one was left');
    },
    120_000,
  );
});
