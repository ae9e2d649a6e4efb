// REST in front of a SOAP service that someone else designed.
// Run it: npx tsx examples/soap-gateway.ts
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import { defineContract, query } from 'multi-api-sdk';
import { listen } from 'multi-api-sdk/http';
import { restHandler } from 'multi-api-sdk/rest/server';
import { soap } from 'multi-api-sdk/soap';

const { wsdl, stop } = await startForeignService(); // or the address of your bank

// The gateway: what you want to offer, what the WSDL has for it, and a protocol in front.
const Rate = z.object({ currency: z.string(), value: z.number(), code: z.string() });
const contract = defineContract({
  name: 'rates',
  operations: { getRates: query({ input: z.object({ base: z.string() }), output: z.array(Rate), http: 'GET /rates/{base}' }) },
});
const bank = soap({ wsdl, operations: { getRates: { operation: 'FetchRates', output: 'FetchRatesResult.Rate' } } })(contract);
const server = await listen(restHandler(bank)); // a free port

for (const path of ['/rates/EUR', '/rates/XXX']) {
  const response = await fetch(server.url + path);
  console.log(response.status, await response.text());
}

await server.close();
await bank.close();
await stop();

/** Stands for the bank: plain node:http, and envelopes written by hand. */
async function startForeignService(): Promise<{ wsdl: string; stop: () => Promise<void> }> {
  const { foreignWsdl, foreignAnswer } = await import('./support/foreign-soap.js');
  const http = createServer(async (req, res) => {
    res.setHeader('content-type', 'text/xml; charset=utf-8');
    if (req.method === 'GET') return void res.end(foreignWsdl(`http://${req.headers.host}`));
    let body = '';
    for await (const chunk of req.setEncoding('utf8')) body += chunk as string;
    const { status, envelope } = foreignAnswer(body);
    res.writeHead(status).end(envelope);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return { wsdl: `${url}/?wsdl`, stop: () => new Promise((resolve) => http.close(() => resolve())) };
}
