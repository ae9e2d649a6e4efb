// REST and GraphQL in front of a SOAP service that someone else designed.
// Run it: npx tsx examples/soap-gateway.ts
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import { defineContract, query as operation } from 'multi-api-sdk';
import { graphqlHandler } from 'multi-api-sdk/graphql/server';
import { composeHandlers, listen } from 'multi-api-sdk/http';
import { restHandler } from 'multi-api-sdk/rest/server';
import { soap } from 'multi-api-sdk/soap';

const { wsdl, stop } = await startForeignService(); // or the address of your bank

// The gateway: what you want to offer, what the WSDL has for it, and the protocols in front.
const Rate = z.object({ currency: z.string(), value: z.number(), code: z.string() });
const contract = defineContract({
  name: 'rates',
  operations: { getRates: operation({ input: z.object({ base: z.string() }), output: z.array(Rate), http: 'GET /rates/{base}' }) },
});
const bank = soap({ wsdl, operations: { getRates: { operation: 'FetchRates', output: 'FetchRatesResult.Rate' } } })(contract);
const server = await listen(composeHandlers(restHandler(bank), graphqlHandler(bank))); // a free port

for (const path of ['/rates/EUR', '/rates/QQQ']) {
  const response = await fetch(server.url + path);
  console.log(response.status, await response.text());
}

const query = '{ rates(base: "EUR") { currency value } }';
const response = await fetch(`${server.url}/graphql`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query }),
});
console.log(response.status, await response.text());

await server.close();
await bank.close();
await stop();

/** Stands for the bank: plain node:http, and envelopes written by hand. */
async function startForeignService(): Promise<{ wsdl: string; stop: () => Promise<void> }> {
  const { foreignWsdl, foreignAnswer } = await import('./support/foreign-soap.ts');
  const http = createServer((req, res) => {
    let body = '';
    req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    req.on('end', () => {
      const { status, envelope } =
        req.method === 'GET' ? { status: 200, envelope: foreignWsdl(`http://${req.headers.host}`) } : foreignAnswer(body);
      res.writeHead(status, { 'content-type': 'text/xml; charset=utf-8' }).end(envelope);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return { wsdl: `${url}/?wsdl`, stop: () => new Promise((resolve) => http.close(() => resolve())) };
}
