import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import { createBlogService } from '../../src/blog/service.ts';
import { listen } from '../../src/http/node/listen.ts';
import { importContract } from '../../src/import/index.ts';
import { openApi, restHandler } from '../../src/rest/server.ts';
import type { FileBody } from '../../src/schema/codec/file-body.ts';
import { importing } from '../support/imported.ts';
import { awsLike, djangoLike, fastApiLike, gitHubLike, kubernetesLike, mediaLike, stripeLike } from './descriptions.ts';
import { petstore2, petstore3, petstore31 } from './petstores.ts';

const made = importing();

/** A server that keeps what it was asked and answers what it was told. */
let server: Server;
let url = '';
let asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
let answer: { status?: number; type?: string; body?: unknown } = {};

beforeAll(async () => {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      const { status = 200, type = 'application/json', body: given } = answer;
      response
        .writeHead(status, { 'content-type': type })
        .end(typeof given === 'string' ? given : given === undefined ? '' : JSON.stringify(given));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

async function ask(client: Record<string, (input?: unknown) => Promise<unknown>>, name: string, input: unknown, reply: typeof answer) {
  asked = [];
  answer = reply;
  const output = await client[name]?.(input);
  const [{ method, url: target, headers, body } = { method: '', url: '', headers: {}, body: '' }] = asked;
  return { output, request: `${method} ${target}`, headers, body };
}

describe('what this library prints is imported again', () => {
  test('the Blog, with a client that the same service serves', async () => {
    const imported = await made.from(openApi(blogContract));
    expect(imported.findings).toEqual([]);
    expect([...imported.operations].sort()).toEqual(Object.keys(blogContract.operations).sort());
    expect([...imported.events].sort()).toEqual(Object.keys(blogContract.events).sort());
    const { connect, contract } = await made.load(imported);
    expect(openApi(contract)).toMatchObject({ components: { schemas: { User: { required: ['id', 'username', 'email', 'createdAt'] } } } });
    const service = createBlogService();
    const served = await listen(restHandler(service), { port: 0 });
    const client = connect({ url: served.url });
    try {
      expect(await client['getUser']?.({ id: 123 })).toMatchObject({ username: 'john_doe' });
      expect(await client['createUser']?.({ username: 'eva', email: 'eva@example.com' })).toMatchObject({ username: 'eva' });
      await expect(client['getUser']?.({ id: 4711 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      let hear: (message: unknown) => void = () => {};
      const heard = new Promise((resolve) => (hear = resolve));
      await client['onMessage']?.((message: unknown) => hear(message));
      await client['sendMessage']?.({ sender: 'a', message: 'b' });
      expect(await heard).toEqual({ sender: 'a', message: 'b' });
    } finally {
      await client.close();
      await served.close();
      await service.close();
    }
  });
});

describe('somebody else’s', () => {
  test.each([
    ['Swagger 2', petstore2],
    ['OpenAPI 3.0', petstore3],
    ['OpenAPI 3.1', petstore31],
  ])('the Petstore in %s', async (_, description) => {
    const imported = await made.from(description);
    const { connect } = await made.load(imported);
    const client = connect({ url, apiKey: 'secret' });
    const pet = { id: 7, name: 'Rex', photoUrls: [], status: 'sold' };
    const got = await ask(client, 'getPetById', { petId: 7 }, { body: pet });
    expect([got.output, got.request, got.headers['api_key']]).toEqual([pet, 'GET /pet/7', 'secret']);
    const found = await ask(client, 'findPetsByStatus', { status: ['sold', 'pending'] }, { body: [pet] });
    expect([found.output, found.request]).toEqual([[pet], description === petstore2 ? 'GET /pet/findByStatus?status=sold,pending' : 'GET /pet/findByStatus?status=sold&status=pending']); // prettier-ignore
    const added = await ask(client, 'addPet', { name: 'Rex', photoUrls: ['http://x'] }, { body: pet });
    expect([added.request, JSON.parse(added.body)]).toEqual(['POST /pet', { name: 'Rex', photoUrls: ['http://x'] }]);
    const form = await ask(client, 'updatePetWithForm', { petId: 7, name: 'Max' }, { body: {} });
    expect([form.request, form.headers['content-type'], form.body]).toEqual([
      'POST /pet/7',
      'application/x-www-form-urlencoded',
      'name=Max',
    ]);
    const plain = connect({ url });
    const gone = await ask(plain, 'deletePet', { petId: 7, api_key: 'k' }, { status: 204 });
    expect([gone.request, gone.headers['api_key']]).toEqual(['DELETE /pet/7', 'k']);
    asked = [];
    answer = { status: 404, body: { message: 'no pet' } };
    await expect(client['getPetById']?.({ petId: 1 })).rejects.toMatchObject({ code: 'NOT_FOUND', text: 'no pet' });
    const sent = await ask(client, 'uploadFile', { petId: 7, file: { name: 'a b.png', type: 'image/png', content: new Uint8Array([65, 66]) } }, { body: {} }); // prettier-ignore
    expect([sent.request, sent.headers['content-type']?.split(';')[0]]).toEqual(['POST /pet/7/uploadImage', 'multipart/form-data']);
    expect(sent.body).toMatch(
      /content-disposition: form-data; name="file"; filename="a b\.png"\r\ncontent-type: image\/png\r\n\r\nAB\r\n--/,
    );
    await Promise.all([client.close(), plain.close()]);
  });

  test('forms of large APIs', async () => {
    const gitHub = await made.from(gitHubLike, { only: ['issues/*', 'GET /repos/{owner}/{repo}/compare/*'] });
    expect(gitHub.operations).toEqual(['issuesListForRepo', 'issuesCreate', 'compareCommits']);
    expect(gitHub.code).not.toContain('Unused');
    const client = (await made.load(gitHub)).connect({ url, token: 't' });
    const created = await ask(client, 'issuesCreate', { owner: 'o', repo: 'r', title: 'x', labels: ['a', { name: 'b' }] }, { status: 201, body: { id: 1, title: 'x', user: null, labels: [] } }); // prettier-ignore
    expect([created.request, JSON.parse(created.body), created.headers.authorization]).toEqual(['POST /repos/o/r/issues', { title: 'x', labels: ['a', { name: 'b' }] }, 'Bearer t']); // prettier-ignore
    expect((await ask(client, 'compareCommits', { owner: 'o', repo: 'r', base: 'a', head: 'b' }, { body: {} })).request).toBe(
      'GET /repos/o/r/compare/a...b',
    );

    const stripe = (await made.load(await made.from(stripeLike))).connect({ url, username: 'sk_test' });
    const charge = await ask(stripe, 'postCharges', { amount: 5, metadata: { order: '7' }, expand: ['customer'] }, { body: { id: 'ch_1', object: 'charge', customer: 'cus_1' } }); // prettier-ignore
    expect([charge.body, charge.headers.authorization]).toEqual(['amount=5&expand=customer&metadata[order]=7', `Basic ${btoa('sk_test:')}`]); // prettier-ignore

    const kube = (await made.load(await made.from(kubernetesLike))).connect({ url });
    const pods = { kind: 'PodList', metadata: {}, items: [{ metadata: { name: 'p', labels: { app: 'x' } } }] };
    expect((await ask(kube, 'listCoreV1NamespacedPod', { namespace: 'default' }, { body: pods })).output).toEqual(pods);

    const django = await made.from(djangoLike);
    expect(django.code).toContain('UserInput');
    const users = (await made.load(django)).connect({ url });
    const user = await ask(users, 'usersCreate', { name: 'x' }, { status: 201, body: { id: 1, name: 'x', manager: null } });
    expect([user.request, user.body, user.output]).toEqual(['POST /users/', '{"name":"x"}', { id: 1, name: 'x', manager: null }]);

    const fast = (await made.load(await made.from(fastApiLike))).connect({ url });
    const item = await ask(fast, 'readItem', { item_id: 3, q: null }, { body: { item_id: 3, tags: [] } });
    expect(item.request).toBe('GET /items/3?q');
  });

  test('files as bodies and answers, kinds of files in forms, and answers that come in pieces', async () => {
    const imported = await made.from(mediaLike);
    expect(imported.operations).toEqual(['putBlob', 'getReport', 'setAvatar', 'complete', 'tail']);
    expect(imported.code).toContain("file({ types: ['image/png', 'image/jpeg'] })");
    const client = (await made.load(imported)).connect({ url });
    const put = await ask(client, 'putBlob', { key: 'a', body: { type: 'text/css', content: new TextEncoder().encode('a{}') } }, { body: { size: 3 } }); // prettier-ignore
    expect([put.request, put.headers['content-type'], put.body, put.output]).toEqual(['PUT /blobs/a', 'text/css', 'a{}', { size: 3 }]);
    const report = await ask(client, 'getReport', undefined, { type: 'application/pdf', body: '%PDF-1.7' });
    expect([await (report.output as FileBody).text(), (report.output as FileBody).type]).toEqual(['%PDF-1.7', 'application/pdf']);
    await expect(client['setAvatar']?.({ image: { type: 'image/gif', content: new Uint8Array(1) } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' }); // prettier-ignore
    const avatar = { type: 'image/png', content: new Uint8Array([65]) };
    expect((await ask(client, 'setAvatar', { image: avatar, tags: ['x', 'y'] }, { status: 204 })).body).toMatch(/name="tags"\r\n\r\nx\r\n[^]*y\r\n[^]*image\/png\r\n\r\nA\r\n/); // prettier-ignore
    const items = async (name: string) => {
      const all: unknown[] = [];
      for await (const item of client[name]?.({}) as unknown as AsyncIterable<unknown>) all.push(item);
      return all;
    };
    answer = { type: 'text/event-stream', body: 'data: {"text":"a"}\n\ndata: {"text":"b"}\n\ndata: [DONE]\n\n' };
    expect(await items('complete')).toEqual([{ text: 'a' }, { text: 'b' }]);
    answer = { type: 'application/jsonl', body: '{"line":1}\n{"line":2}\n' };
    expect(await items('tail')).toEqual([{ line: 1 }, { line: 2 }]);
  });

  test('operations that have one path, which a fragment or names of parameters tell apart', async () => {
    const imported = await made.from(awsLike);
    expect(imported.operations).toEqual(['listKeys', 'dropKeys', 'untag', 'dropTags']);
    expect(imported.findings.map(({ what }) => what)).toEqual(['the pattern ^[\\p{Alnum}]*$']);
    const client = (await made.load(imported)).connect({ url });
    const dropped = await ask(client, 'dropKeys', { 'X-Amz-Target': 'Keys.DropKeys', Limit: 2, xAmzTarget: 'Keys.DropKeys' }, { body: { Keys: ['a'] } }); // prettier-ignore
    expect([dropped.request, dropped.headers['x-amz-target'], dropped.body, dropped.output]).toEqual(['POST /', 'Keys.DropKeys', '{"Limit":2}', { Keys: ['a'] }]); // prettier-ignore
    expect((await ask(client, 'untag', { arn: 'x', tagKeys: ['ä'] }, { status: 204 })).request).toBe('DELETE /tags/x?tagKeys=%C3%A4');
    expect((await ask(client, 'dropTags', { id: 'x' }, { status: 204 })).request).toBe('DELETE /tags/x');
  });

  test('operations in files of their own, with more than 500 of them', async () => {
    const folder = join(made.folder, 'files');
    await mkdir(folder, { recursive: true });
    const paths: Record<string, object> = {};
    for (let at = 0; at < 510; at++) {
      paths[`/p${at}/{id}`] = { get: { $ref: `o${at}.json` } };
      const parameters = [{ $ref: '#/id' }];
      const operation = {
        operationId: `getP${at}`,
        parameters,
        responses: { 204: {} },
        id: { in: 'path', name: 'id', required: true, schema: { type: 'string' } },
      };
      await writeFile(join(folder, `o${at}.json`), JSON.stringify(operation));
    }
    await writeFile(join(folder, 'api.json'), JSON.stringify({ openapi: '3.0.0', info: { title: 'files', version: '1' }, paths }));
    const imported = await importContract(join(folder, 'api.json'), { only: ['getP509'] });
    const client = (await made.load(imported)).connect({ url });
    expect((await ask(client, 'getP509', { id: 'x' }, { status: 204 })).request).toBe('GET /p509/x');
    await writeFile(join(folder, 'api.json'), '');
    await expect(importContract(join(folder, 'api.json'))).rejects.toThrow(/is not a description: it is empty/);
  });

  test('members that every object has are left out if they may be absent', async () => {
    const schema = {
      type: 'object',
      required: ['valueOf'],
      properties: { constructor: { type: 'string' }, valueOf: { type: 'string' }, a: { type: 'string' } },
    };
    const content = { 'application/json': { schema } };
    const paths = { '/a': { post: { operationId: 'postA', requestBody: { required: true, content }, responses: { 200: { content } } } } };
    const imported = await made.from({ openapi: '3.1.0', info: { title: 'names', version: '1' }, paths });
    expect(imported.findings).toMatchObject([
      { place: 'postA', what: "a member 'constructor', which zod cannot read if it is absent", instead: 'left out' },
    ]);
    const client = (await made.load(imported)).connect({ url });
    expect((await ask(client, 'postA', { valueOf: 'v' }, { body: { valueOf: 'w' } })).output).toEqual({ valueOf: 'w' });
  });

  test('a small circle of lists that have nulls compiles', async () => {
    const list = (name: string) => ({
      type: ['array', 'null'],
      items: { anyOf: [{ $ref: `#/components/schemas/${name}` }, { type: 'null' }] },
    });
    const schemas = {
      Group: { type: 'object', properties: { users: list('User'), groups: list('Group') } },
      User: { type: 'object', properties: { divisions: list('Group'), states: list('State') } },
      State: { type: 'string', enum: ['a', 'b'] },
    };
    const content = { 'application/json': { schema: { $ref: '#/components/schemas/Group' } } };
    const paths = { '/g': { get: { operationId: 'getG', responses: { 200: { content } } } } };
    const imported = await made.from({ openapi: '3.1.0', info: { title: 'circle', version: '1' }, paths, components: { schemas } });
    const client = (await made.load(imported)).connect({ url });
    const group = { users: [null, { divisions: [{}], states: ['a', null] }], groups: null };
    expect((await ask(client, 'getG', undefined, { body: group })).output).toEqual(group);
  });

  test('a circle of many types compiles', async () => {
    const size = 60;
    const ref = (index: number) => ({ $ref: `#/components/schemas/T${index % size}` });
    const schemas = Object.fromEntries(Array.from({ length: size }, (_, index) => [`T${index}`, {
      type: 'object',
      required: ['id'],
      properties: { id: { type: 'string' }, next: { anyOf: [{ type: 'string' }, ref(index + 1), ref(index * 7 + 3)] }, all: { type: 'array', items: ref(index + 5) } },
    }])); // prettier-ignore
    const paths = { '/t': { get: { operationId: 'getT', responses: { 200: { description: 'x', content: { 'application/json': { schema: ref(0) } } } } } } }; // prettier-ignore
    const imported = await made.from({ openapi: '3.0.0', info: { title: 'Circle', version: '1' }, paths, components: { schemas } });
    expect(imported.code).toContain('export interface T0 extends z.output<typeof T0> {}');
    const client = (await made.load(imported)).connect({ url });
    const t = { id: 'a', next: { id: 'b', next: 'c' }, all: [{ id: 'd' }] };
    expect((await ask(client, 'getT', undefined, { body: t })).output).toEqual(t);
    await expect(ask(client, 'getT', undefined, { body: { id: 'a', next: 7 } })).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });

  test('every module compiles', { timeout: 240_000 }, () => {
    expect(made.diagnostics()).toEqual([]);
  });
});
