import { readFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type * as core from '../../src/core.ts';
import type { ApiError } from '../../src/core.ts';
import { createService, defineContract, mutation } from '../../src/core.ts';
import type { connect } from '../../src/grpc/connect/client.ts';
import { connectHandler } from '../../src/grpc/connect/server.ts';
import { listen } from '../../src/http/index.ts';
import { loadAsPage } from '../support/page-bundle.ts';

const contract = defineContract({
  name: 'shop',
  operations: {
    order: mutation({
      input: z.object({ id: z.int32() }),
      output: z.object({ id: z.int32() }),
      errors: { OUT_OF_STOCK: { code: 'FAILED_PRECONDITION', details: z.object({ left: z.int32() }) } },
    }),
  },
});

/** A page with the client, whose chunk of the details can be loaded or not. */
async function page(protocol: 'connect' | 'grpc-web', isThere: boolean) {
  const { module, remove } = await loadAsPage<typeof core & { readonly connect: typeof connect }>(
    `export * from './src/core.ts'; export { connect } from './src/grpc/connect/client.ts';`,
    [
      {
        name: 'gone',
        setup(build) {
          build.onLoad({ filter: /codec\/details\.ts$/ }, async ({ path }) => ({
            contents: `${await readFile(path, 'utf8')}\n${isThere ? '' : `throw new Error('404');`}`,
            loader: 'ts',
          }));
        },
      },
    ],
  );
  const service = createService(contract, {
    order: (_, call) => {
      throw call.errors.OUT_OF_STOCK({ left: 3 });
    },
  });
  const server = await listen(connectHandler(service));
  const client = module.createClient({ contract, transport: module.connect({ url: server.url, protocol, format: 'json' }) });
  onTestFinished(async () => {
    await client.close();
    await server.close(0);
    await service.close();
    await remove();
  });
  return client;
}

describe.each(['connect', 'grpc-web'] as const)('an error over %s in a page', (protocol) => {
  it('has its details, which the first error loads', async () => {
    const shop = await page(protocol, true);
    await expect(shop.order({ id: 1 })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'OUT_OF_STOCK',
      text: 'out of stock',
      details: { left: 3 },
    });
  });

  it('is its code and message if what reads details cannot be loaded', async () => {
    const shop = await page(protocol, false);
    const failed: unknown = await shop.order({ id: 1 }).catch((error: unknown) => error);
    const { code, text, reason } = failed as ApiError;
    expect({ code, text, reason }).toEqual({ code: 'FAILED_PRECONDITION', text: 'out of stock', reason: undefined });
  });
});
