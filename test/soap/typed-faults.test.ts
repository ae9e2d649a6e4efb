import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createService, defineContract, mutation } from '../../src/index.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import { soapHandler } from '../../src/soap/server.ts';
import { missing, PYTHON, run } from '../support/system-peer.ts';

const noZeep = missing('python3-zeep', PYTHON, '-c', 'import zeep');

const shop = defineContract({
  name: 'shop',
  operations: {
    order: mutation({
      input: z.object({ item: z.string(), count: z.int32() }),
      errors: {
        OUT_OF_STOCK: { code: 'FAILED_PRECONDITION', details: z.object({ left: z.int32(), places: z.array(z.string()) }) },
        SOLD_OUT: { code: 'FAILED_PRECONDITION' },
      },
    }),
  },
});

describe('a typed error over SOAP', () => {
  let server: HttpServer;
  const service = createService(shop, {
    order: ({ count }, { errors }) => {
      throw count > 3 ? errors.OUT_OF_STOCK({ left: 3, places: ['a', 'b'] }) : errors.SOLD_OUT();
    },
  });
  beforeAll(async () => {
    server = await listen(soapHandler(service));
  });
  afterAll(async () => {
    await server.close();
    await service.close();
  });

  test.skipIf(noZeep).each(['11', '12'])(`is a fault of the WSDL to zeep, SOAP %s ${noZeep ?? ''}`, async (version) => {
    const script = new URL('../peers/zeep-fault.py', import.meta.url).pathname;
    expect(JSON.parse(await run(PYTHON, script, `${server.url}/soap?wsdl`, version))).toMatchObject({
      message: 'out of stock',
      detail: {
        OrderOutOfStockFault: { Left: 3, Places: ['a', 'b'] },
        ApiFault: { Code: 'FAILED_PRECONDITION', Reason: 'OUT_OF_STOCK', Details: '{"left":3,"places":["a","b"]}' },
      },
    });
  });

  test('has its element before the ApiFault, also without details', async () => {
    const ns = 'http://example.com/shopservice';
    const body = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><OrderRequest xmlns="${ns}"><Item>x</Item><Count>1</Count></OrderRequest></s:Body></s:Envelope>`;
    const response = await fetch(`${server.url}/soap`, { method: 'POST', headers: { 'content-type': 'text/xml' }, body });
    expect(await response.text()).toContain(
      `<detail><OrderSoldOutFault xmlns="${ns}"/><ApiFault xmlns="${ns}"><Code>FAILED_PRECONDITION</Code><Message>sold out</Message><Reason>SOLD_OUT</Reason>`,
    );
  });
});
