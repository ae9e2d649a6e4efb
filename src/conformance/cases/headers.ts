import { equal, fails, misfit, ok } from '../assert.ts';
import { casesOf } from '../define.ts';

const define = casesOf('headers', ['call']);

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

export const headerCases = [
  define('travel', 'Headers reach the handler with lower-case names: own ones, authorization and traceparent alike.', async (t) => {
    const { client } = await t.open();
    const sent = { 'X-Custom': 'a, b; c="d"', authorization: 'Bearer abc.def', traceparent: TRACE, 'x-1': '~!@#$%^&*()', tenant: 'seven' };
    const { headers } = await client.headers(undefined, { headers: sent });
    for (const [name, value] of Object.entries(sent)) equal(headers[name.toLowerCase()], value, name);
  }),

  define('mutation', 'They travel with mutations as with queries, and do not stay for the next call.', async (t) => {
    const seen: (string | undefined)[] = [];
    const { client } = await t.open({ context: ({ headers }) => void seen.push(headers['x-custom']) });
    await client.noOutput({ text: 'x' }, { headers: { 'x-custom': 'one' } });
    await client.noOutput({ text: 'x' });
    equal(seen, ['one', undefined], 'what the service saw');
  }),

  define('refused', 'Names that the protocols use themselves are refused with INVALID_ARGUMENT before anything is sent.', async (t) => {
    const { client, probe } = await t.open();
    const names = ['connection', 'keep-alive', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'host', 'content-type', 'content-length', 'expect', 'x-timeout-ms', 'grpc-timeout', 'trace-bin', 'Host', 'with space', 'under_score', 'ümlaut', '']; // prettier-ignore
    for (const name of names) {
      const error = await fails(client.noInput(undefined, { headers: { [name]: 'x' } }), 'INVALID_ARGUMENT');
      ok(error.message.includes(`'${name.toLowerCase()}'`), `the message does not name '${name}': ${error.message}`);
      ok(!error.sent, 'the error says that the request was sent');
    }
    equal(probe.runsOf('noInput'), 0, 'the runs');
  }),

  define('values', 'Values that are not printable ASCII are refused with INVALID_ARGUMENT.', async (t) => {
    const { client, probe } = await t.open();
    for (const value of ['ü', 'a\nb', 'a\r\nx-injected: 1', '\u0000', '😀', misfit(7)]) {
      await fails(client.noInput(undefined, { headers: { 'x-custom': value } }), 'INVALID_ARGUMENT');
    }
    equal(probe.runsOf('noInput'), 0, 'the runs');
  }),

  define('carrier', 'The handler sees none of the carrier’s own headers.', async (t) => {
    const { client } = await t.open();
    const { headers } = await client.headers();
    const stray = Object.keys(headers).filter((name) =>
      /^(host|connection|content-.*|accept|accept-encoding|transfer-encoding|te|upgrade|sec-.*|grpc-.*)$/.test(name),
    );
    equal(stray, [], 'headers of the carrier');
  }),

  define('request-id', 'A request id is made if the caller gives none, a given one is taken over, and an error carries it.', async (t) => {
    const { client } = await t.open();
    const [first, second] = [(await client.headers()).requestId, (await client.headers()).requestId];
    ok(first !== '' && first !== second, `the request ids are '${first}' and '${second}'`);
    equal((await client.headers(undefined, { headers: { 'x-request-id': 'mine-1' } })).requestId, 'mine-1', 'the given id');
    const error = await fails(client.fail({ code: 'NOT_FOUND', message: 'x' }, { headers: { 'x-request-id': 'mine-2' } }), 'NOT_FOUND');
    equal(error.requestId, 'mine-2', 'the id in the error');
  }),

  define('option', 'The adapter’s headers go with every call; a call’s own win; a function is asked for each call.', async (t) => {
    let asked = 0;
    const { client } = await t.open({ headers: async () => ({ Authorization: `Bearer ${++asked}`, 'x-custom': 'option' }) });
    const first = await client.headers();
    equal([first.headers['authorization'], first.headers['x-custom']], ['Bearer 1', 'option'], 'the first call');
    const second = await client.headers(undefined, { headers: { 'x-custom': 'call' } });
    equal([second.headers['authorization'], second.headers['x-custom']], ['Bearer 2', 'call'], 'the second call');
  }),

  define('option-forms', 'Headers may be a record, a Headers of the platform or a Map, of an adapter and of a call.', async (t) => {
    const { client } = await t.open({ headers: () => undefined });
    equal((await client.headers()).headers['x-custom'], undefined, 'the header of an adapter that has none');
    for (const headers of [new Headers({ 'x-custom': 'option' }), async () => new Map([['X-Custom', 'option']])]) {
      const { client } = await t.open({ headers });
      equal((await client.headers()).headers['x-custom'], 'option', 'the header of the adapter');
      const call = await client.headers(undefined, { headers: new Headers({ 'X-Custom': 'call' }) });
      equal(call.headers['x-custom'], 'call', 'the header of the call');
    }
  }),

  define(
    'option-changes',
    'A request id and a key of the adapter are those of each call, though one connection carries many.',
    async (t) => {
      const own = { id: '', key: '' };
      const { client } = await t.open({ headers: () => ({ 'x-request-id': own.id, 'idempotency-key': own.key }) });
      const call = (id: string, key: string) => {
        Object.assign(own, { id, key });
        return client.count({ id: 'a' });
      };
      equal(await call('id-1', 'key-1'), { runs: 1 }, 'the first call');
      equal(await call('id-2', 'key-1'), { runs: 1 }, 'the outcome kept for its key');
      equal(await call('id-3', 'key-2'), { runs: 2 }, 'the call with another key');
      for (const id of ['id-4', 'id-5']) {
        Object.assign(own, { id, key: id });
        equal((await client.headers()).requestId, id, 'the request id');
      }
    },
  ),

  define('option-fails', 'If the headers function fails, the call is UNAUTHENTICATED and not sent.', async (t) => {
    const { client, probe } = await t.open({
      headers: () => {
        throw new Error('no token');
      },
    });
    const error = await fails(client.noInput(), 'UNAUTHENTICATED');
    ok(!error.sent, 'the error says that the request was sent');
    equal(probe.runsOf('noInput'), 0, 'the runs');
  }),
];
