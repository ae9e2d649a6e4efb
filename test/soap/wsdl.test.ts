import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../src/index.ts';
import { defineContract, mutation, query } from '../../src/core/define.ts';
import { listen } from '../../src/http/node/listen.ts';
import type { WireRecord } from '../../src/peer/on-wire.ts';
import { createService } from '../../src/service/service.ts';
import { soap } from '../../src/soap/client.ts';
import { soapHandler, wsdl } from '../../src/soap/server.ts';
import { serveBlogOverSoap } from '../support/soap.ts';

const server = serveBlogOverSoap();

describe('the WSDL', () => {
  test('says the address that was asked, or the one of the option', async () => {
    const asked = await fetch(`${server.url}/soap?wsdl`);
    expect(asked.headers.get('content-type')).toBe('text/xml; charset=utf-8');
    expect(await asked.text()).toContain(`<soap:address location="${server.url}/soap"/>`);
    const other = await listen(soapHandler(server.service, { path: '/ws/blog', address: 'https://example.com/?a=1&b="' }));
    expect(await (await fetch(`${other.url}/ws/blog?WSDL`)).text()).toContain(
      '<soap12:address location="https://example.com/?a=1&amp;b=&quot;"/>',
    );
    await other.close();
  });

  test('takes the address for text, whatever is in it', () => {
    for (const pattern of ["$'", '$`', '$&', '$$'])
      expect(wsdl(server.service.contract, `http://${pattern}/soap`)).toContain(`location="http://${pattern.replace('&', '&amp;')}/soap"`);
  });

  test('names that become one are refused', () => {
    const fields = defineContract({
      name: 'twice',
      operations: { put: mutation({ input: z.object({ user_id: z.string(), userId: z.string() }) }) },
    });
    expect(() => wsdl(fields, '/')).toThrow("'UserId' twice");
    const services = defineContract({ name: 'twice', operations: { one: query({ service: 'user' }), two: query({ service: 'User' }) } });
    expect(() => wsdl(services, '/')).toThrow("would both be 'UserService'");
    const odd = defineContract({ name: 'odd', operations: { put: mutation({ input: z.object({ '1st': z.string() }) }) } });
    expect(() => wsdl(odd, '/')).toThrow("'1st'");
  });

  test('.meta({ soap: { name } }) renames an element', async () => {
    const contract = defineContract({
      name: 'renamed',
      operations: { put: mutation({ input: z.object({ '1st': z.string().meta({ soap: { name: 'First' } }) }), output: z.string() }) },
    });
    const renamed = createService(contract, { put: ({ '1st': first }) => first });
    const own = await listen(soapHandler(renamed));
    const wire: WireRecord[] = [];
    const client = createClient({ contract, transport: soap({ url: `${own.url}/soap`, onWire: (record) => wire.push(record) }) });
    expect(await client.put({ '1st': 'x' })).toBe('x');
    expect(wire[0]?.body).toContain('<PutRequest xmlns="http://example.com/renamedservice"><First>x</First></PutRequest>');
    expect(wire[1]?.body).toContain('<PutResult>x</PutResult>');
    await client.close();
    await own.close();
  });
});
