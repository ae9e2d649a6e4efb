/** Values of replies in XML, read by the contract. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createClient, defineContract, query } from '../../../src/index.ts';
import { rest } from '../../../src/rest/client.ts';
import { smallApi } from '../../support/small-api.ts';

describe('values of XML', () => {
  it('reads days with a zone, and addresses and ids with white space around them', async () => {
    const output = z.object({ day: z.iso.date(), site: z.url(), id: z.uuid() });
    const contract = defineContract({ name: 'shops', operations: { shop: query({ output }) } });
    const id = 'a9b1f4ac-8d3c-4a2b-9f0e-5a1d2c3b4e5f';
    const text = `<Shop><Day>2026-11-27+01:00</Day><Site>\n  https://shop.example/a\n</Site><Id> ${id} </Id></Shop>`;
    const { url } = await smallApi(() => [200, text, { 'content-type': 'application/xml' }]);
    const client = createClient({
      contract,
      transport: rest({ url, operations: { shop: { http: 'GET /shop', answer: 'xml' } } }),
      timeoutMs: 5000,
    });
    onTestFinished(() => client.close());
    expect(await client.shop()).toEqual({ day: '2026-11-27', site: 'https://shop.example/a', id });
  });
});
