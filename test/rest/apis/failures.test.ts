/** What APIs say is wrong, in the shapes of well-known frameworks; and requests that are less usual. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { bytes, createClient, defineContract, file, mutation, query, type Contract } from '../../../src/index.ts';
import { rest, type RestOptions } from '../../../src/rest/client.ts';
import { failure } from '../../support/failure.ts';
import { smallApi, type Answer, type Got } from '../../support/small-api.ts';

async function connect<const C extends Contract>(contract: C, operations: RestOptions['operations'], answer: (request: Got) => Answer) {
  const { url, got } = await smallApi(answer);
  const client = createClient({ contract, transport: rest({ url, operations }), timeoutMs: 5000 });
  onTestFinished(() => client.close());
  return { client, got };
}

const contract = defineContract({
  name: 'shop',
  operations: {
    save: mutation({ input: z.object({ name: z.string() }), output: z.string(), http: 'POST /save' }),
    send: mutation({
      input: z.object({ title: z.string(), tags: z.array(z.string()), doc: file(), raw: bytes(), meta: z.object({ a: z.int32() }) }),
      output: z.object({ ok: z.boolean() }),
    }),
    size: query({ input: z.object({ key: z.string() }), output: z.int32() }),
  },
});
const save = async (body: unknown, headers: Record<string, string> = {}, status = 400) =>
  failure((await connect(contract, { save: {} }, () => [status, body, headers])).client.save({ name: '' }));

describe('what is wrong with an input', () => {
  it.each([
    [
      'GitHub',
      { message: 'Validation Failed', errors: [{ resource: 'Issue', field: 'title', code: 'missing_field' }] },
      [[['title'], 'missing_field']],
    ],
    [
      'Stripe',
      { error: { type: 'card_error', param: 'items[0][price]', message: 'No such price' } },
      [[['items', 0, 'price'], 'No such price']],
    ],
    [
      'OData and Azure',
      { error: { code: 'x', message: 'bad', details: [{ code: 'y', target: 'Name', message: 'too long' }] } },
      [[['Name'], 'too long']],
    ],
    [
      'Spring',
      { status: 400, error: 'Bad Request', errors: [{ field: 'name', defaultMessage: 'must not be blank' }] },
      [[['name'], 'must not be blank']],
    ],
    ['Symfony', { violations: [{ propertyPath: 'items[1].name', message: 'is blank' }] }, [[['items', 1, 'name'], 'is blank']]],
    ['RFC 9457', { title: 'Bad', 'invalid-params': [{ name: 'age', reason: 'must be positive' }] }, [[['age'], 'must be positive']]],
    ['zod', { issues: [{ path: ['items', 0], message: 'Required' }] }, [[['items', 0], 'Required']]],
    ['JSON:API', { errors: [{ source: { parameter: 'page' }, title: 'Invalid' }] }, [[['page'], 'Invalid']]],
    ['Laravel', { message: 'The given data was invalid.', errors: { 'items.0.name': ['required'] } }, [[['items', 0, 'name'], 'required']]],
    ['ASP.NET', { title: 'One or more', errors: { '$.Items[2].Name': ['is required.'] } }, [[['Items', 2, 'Name'], 'is required.']]],
    [
      'Rails',
      { errors: { title: "can't be blank", base: ['is closed'] } },
      [
        [['title'], "can't be blank"],
        [[], 'is closed'],
      ],
    ],
    [
      'Django',
      { username: ['is required'], profile: { age: ['is too low'] }, rows: [{}, { n: ['is odd'] }], non_field_errors: ['differ'] },
      [
        [['username'], 'is required'],
        [['profile', 'age'], 'is too low'],
        [['rows', 1, 'n'], 'is odd'],
        [[], 'differ'],
      ],
    ],
  ] as [string, object, [(string | number)[], string][]][])('is found as %s says it', async (_, body, issues) => {
    const error = await save(body);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', details: { issues: issues.map(([path, message]) => ({ path, message })) } });
  });

  it('is not made up from an error that names no input', async () => {
    for (const body of [
      { errors: { code: 7, message: 'closed' } },
      { message: ['a', 'b'], statusCode: 400 },
      { errors: ['no'] },
      { error: 'no' },
    ])
      expect((await save(body)).details).toBeUndefined();
  });
});

describe('the words of an error', () => {
  it('are found in XML, and in a challenge', async () => {
    const xml = '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The key &lt;a&gt; is gone</Message></Error>';
    expect(await save(xml, { 'content-type': 'application/xml' }, 404)).toMatchObject({ code: 'NOT_FOUND', text: 'The key <a> is gone' });
    const challenge = { 'www-authenticate': 'Bearer error="invalid_token", error_description="The token expired"' };
    expect(await save(undefined, challenge, 401)).toMatchObject({ code: 'UNAUTHENTICATED', text: 'The token expired' });
  });
});

describe('a mapped operation', () => {
  it('may be HEAD, whose answer is its status and headers', async () => {
    const output = (_: unknown, { headers }: { readonly headers: Readonly<Record<string, string>> }) => Number(headers['x-size']);
    const { client, got } = await connect(contract, { size: { http: 'HEAD /files/{key}', output } }, ({ path }) =>
      path === '/files/a' ? [200, undefined, { 'x-size': '7' }] : [404],
    );
    expect(await client.size({ key: 'a' })).toBe(7);
    expect(await failure(client.size({ key: 'b' }))).toMatchObject({ code: 'NOT_FOUND' });
    expect(got.map(({ method, path }) => `${method} ${path}`)).toEqual(['HEAD /files/a', 'HEAD /files/b']);
  });

  it('may send a form with files', async () => {
    const { client, got } = await connect(
      contract,
      { send: { http: 'POST /upload', type: 'multipart/form-data', lists: 'brackets', params: { doc: { in: 'body', name: 'file' } } } },
      () => [200, { ok: true }],
    );
    const doc = new File(['hello'], 'a"b.txt', { type: 'text/plain' });
    expect(await client.send({ title: 'é', tags: ['x', 'y'], doc, raw: new Uint8Array([65, 66]), meta: { a: 1 } })).toEqual({ ok: true });
    const [{ body = '', headers } = {}] = got;
    const form = await new Response(body, { headers: { 'content-type': headers?.['content-type'] ?? '' } }).formData();
    expect([...form.keys()]).toEqual(['title', 'tags[]', 'tags[]', 'meta', 'file', 'raw']);
    expect([form.get('title'), form.getAll('tags[]')]).toEqual(['é', ['x', 'y']]);
    const found = form.get('file') as File;
    expect([found.name, found.type, await found.text()]).toEqual(['a"b.txt', 'text/plain', 'hello']);
    expect(await (form.get('raw') as File).text()).toBe('AB');
  });
});
