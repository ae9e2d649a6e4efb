/** Services of AWS: requests that are signed as they are sent, and answers and errors in XML. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { bytes, createClient, defineContract, file, mutation, query, stream, type Contract } from '../../../src/index.ts';
import { rest, type RestOptions, type WireRecord } from '../../../src/rest/client.ts';
import { failure } from '../../support/failure.ts';
import { refusalV4, signatureV4, signV4, type AwsKey } from '../../support/sig-v4.ts';
import { smallApi, type Answer, type Got } from '../../support/small-api.ts';

const key: AwsKey = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', region: 'us-east-1', service: 's3' };
const XML = { 'content-type': 'application/xml', 'x-amz-request-id': 'R1' };

/** A client of a service that refuses what is not signed as it came. */
async function connect<const C extends Contract>(
  contract: C,
  options: Omit<RestOptions, 'url'>,
  answer: (request: Got) => Answer,
  of = key,
) {
  const { url, got } = await smallApi((request) => {
    const { method, path, query, headers, body } = request;
    const refusal = refusalV4({ method, headers, url: `http://${headers['host']}${path}?${query}` }, body, of);
    return refusal ? [403, `<Error><Code>${refusal}</Code><Message>The request is not signed.</Message></Error>`, XML] : answer(request);
  });
  const client = createClient({ contract, transport: rest({ url, sign: signV4(of), ...options }), timeoutMs: 5000 });
  onTestFinished(() => client.close());
  return { client, got };
}

const Item = z.object({
  key: z.string(),
  size: z.int(),
  lastModified: z.iso.datetime(),
  eTag: z.string(),
  owner: z.object({ id: z.string() }).optional(),
});
const s3 = defineContract({
  name: 's3',
  operations: {
    list: query({
      input: z.object({ bucket: z.string(), prefix: z.string().optional(), limit: z.int().default(1000), after: z.string().optional() }),
      output: z.array(Item),
      pagedBy: 'key',
    }),
    prefixes: query({ input: z.object({ bucket: z.string() }), output: z.object({ name: z.string(), isTruncated: z.boolean(), commonPrefixes: z.array(z.object({ prefix: z.string() })), keyCount: z.int() }) }),
    location: query({ input: z.object({ bucket: z.string() }), output: z.string() }),
    get: query({ input: z.object({ bucket: z.string(), key: z.string() }), output: bytes(), errors: { NO_SUCH_KEY: { code: 'NOT_FOUND' } } }),
    head: query({ input: z.object({ bucket: z.string(), key: z.string() }), output: z.object({ size: z.int(), eTag: z.string() }) }),
    put: mutation({ input: z.object({ bucket: z.string(), key: z.string(), content: bytes(), storageClass: z.string().optional() }), output: z.object({ eTag: z.string() }) }),
    upload: mutation({ input: z.object({ bucket: z.string(), key: z.string(), content: file() }) }),
    removeAll: mutation({
      input: z.object({ bucket: z.string(), keys: z.array(z.string()) }),
      output: z.object({ deleted: z.array(z.object({ key: z.string() })), errors: z.array(z.object({ key: z.string(), code: z.string() })) }),
    }),
  },
}); // prettier-ignore
/** `NoSuchKey` as a contract names it. */
const snake = (code: string) => code.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
const object = { bucket: 'path', key: { in: 'path', reserved: true } } as const;
const options: Omit<RestOptions, 'url'> = {
  defaults: {
    answer: 'xml',
    error: ({ body }) => {
      const { Code } = Object(body) as { readonly Code?: string };
      return Code === undefined ? undefined : { code: Code === 'SlowDown' ? 'RESOURCE_EXHAUSTED' : undefined, reason: snake(Code) };
    },
  },
  operations: {
    list: {
      http: 'GET /{bucket}',
      headers: { 'x-amz-optional-object-attributes': 'RestoreStatus' },
      input: (input) => ({ 'list-type': 2, ...input }),
      output: 'Contents',
      pages: { by: 'cursor', cursor: 'continuation-token', next: 'NextContinuationToken', limit: 'max-keys' },
    },
    prefixes: { http: 'GET /{bucket}', input: (input) => ({ 'list-type': 2, delimiter: '/', ...input }) },
    location: { http: 'GET /{bucket}', input: (input) => ({ location: '', ...input }) },
    get: { http: 'GET /{bucket}/{key}', params: object },
    head: { http: 'HEAD /{bucket}/{key}', params: object, output: (_, { headers }) => ({ size: Number(headers['content-length']), eTag: headers['etag'] }) },
    put: {
      http: 'PUT /{bucket}/{key}',
      params: { ...object, storageClass: { in: 'header', name: 'x-amz-storage-class' } },
      body: 'content',
      type: 'application/octet-stream',
      output: (_, { headers }) => ({ eTag: headers['etag'] }),
    },
    upload: { http: 'PUT /{bucket}/{key}', params: object, body: 'content', type: 'application/octet-stream' },
    removeAll: {
      http: 'POST /{bucket}',
      params: { bucket: 'path', delete: 'query' },
      type: 'application/xml',
      input: ({ bucket, keys }) => ({
        bucket,
        delete: '',
        Delete: { '@xmlns': 'http://s3.amazonaws.com/doc/2006-03-01/', Object: (keys as string[]).map((Key) => ({ Key })) },
      }),
      output: (answer) => {
        const { Deleted, Error } = answer as { readonly Deleted?: unknown; readonly Error?: unknown };
        return { deleted: Deleted, errors: Error };
      },
    },
  },
}; // prettier-ignore

const content = (name: string) =>
  `<Contents><Key>${name}</Key><LastModified>2026-10-12T17:50:30.000Z</LastModified><ETag>&quot;fba9&quot;</ETag><Size>434234</Size><StorageClass>STANDARD</StorageClass></Contents>`;
const listing = (inside: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix/><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys>${inside}</ListBucketResult>`;

describe('the signature', () => {
  it('is that of the documented example', () => {
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const headers = { range: 'bytes=0-9', 'x-amz-content-sha256': empty, 'x-amz-date': '20130524T000000Z' };
    const request = { method: 'GET', url: 'https://examplebucket.s3.amazonaws.com/test.txt', headers };
    expect(signatureV4(request, ['host', 'range', 'x-amz-content-sha256', 'x-amz-date'], '20130524T000000Z', key)).toBe(
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it('is over the request as it is sent, and hidden from onWire', async () => {
    const shown: WireRecord[] = [];
    const { client, got } = await connect(s3, { ...options, onWire: (record) => shown.push(record) }, ({ method }) =>
      method === 'PUT' ? [200, undefined, { etag: '"x"' }] : [200, new Uint8Array([0, 255]), { 'content-type': 'application/octet-stream' }],
    );
    const name = "fotos/2026/it's (1) é+&.png";
    expect(await client.put({ bucket: 'b', key: name, content: new TextEncoder().encode('hello'), storageClass: 'GLACIER' })).toEqual({ eTag: '"x"' });
    expect(await client.get({ bucket: 'b', key: name })).toEqual(new Uint8Array([0, 255]));
    expect(got[0]).toMatchObject({ path: "/b/fotos/2026/it's%20(1)%20%C3%A9%2B%26.png", body: 'hello' });
    expect(got[0]?.headers['authorization']).toContain('content-type;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class');
    expect(JSON.stringify(shown)).not.toContain('Signature=');
  }); // prettier-ignore

  it('knows that a body is a stream, and signs each request of pages and redirects anew', async () => {
    const { client, got } = await connect(s3, { ...options, redirects: 'same-origin' }, ({ path }) =>
      path === '/b/a' ? [307, undefined, { location: '/b2/a' }] : [200],
    );
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('piece'));
        controller.close();
      },
    });
    await client.upload({ bucket: 'b1', key: 'a', content: { content: stream, name: 'a', type: 'text/plain' } });
    expect(got[0]).toMatchObject({ body: 'piece', headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } });
    await client.upload({ bucket: 'b', key: 'a', content: new TextEncoder().encode('whole') as never });
    expect(got.map(({ path }) => path)).toEqual(['/b1/a', '/b/a', '/b2/a']);
  });

  it('that fails, or that cannot be sent, is an error before anything is sent', async () => {
    for (const [sign, code] of [
      [() => Promise.reject(new Error('no credentials')), 'UNAUTHENTICATED'],
      [() => ({ headers: { 'x-a': 'é' } }), 'INTERNAL'],
    ] as const) {
      const { client, got } = await connect(s3, { ...options, sign }, () => [200]);
      expect(await failure(client.location({ bucket: 'b' }))).toMatchObject({ code, sent: false });
      expect(got).toEqual([]);
    }
  });

  it('is asked for streams too, and may go into the query', async () => {
    const feed = defineContract({ name: 'feed', operations: { rows: stream({ item: z.object({ n: z.int() }) }) } });
    const { url, got } = await smallApi(() => [200, '{"n":1}\n', { 'content-type': 'application/x-ndjson' }]);
    const shown: string[] = [];
    const client = createClient({
      contract: feed,
      transport: rest({
        url,
        sign: ({ url: signed }) => ({ query: { signature: `of ${new URL(signed).search}` } }),
        query: { timestamp: '5' },
        operations: { rows: { http: 'GET /rows' } },
        onWire: ({ start }) => shown.push(start),
      }),
    });
    onTestFinished(() => client.close());
    for await (const { n } of client.rows()) expect(n).toBe(1);
    expect(got[0]?.query).toBe('timestamp=5&signature=of%20%3Ftimestamp%3D5');
    expect(shown[0]).toBe('GET /rows?timestamp=[redacted]&signature=[redacted]');
  });
});

describe('S3', () => {
  it('lists in pages, of which one has one item', async () => {
    const { client, got } = await connect(s3, options, ({ query }) =>
      query.includes('continuation-token')
        ? [200, listing(`<IsTruncated>false</IsTruncated>${content('photos/007')}`), XML]
        : [200, listing(`<IsTruncated>true</IsTruncated><NextContinuationToken>1ueG/+=</NextContinuationToken>${content('1')}${content('a &amp; b')}`), XML],
    );
    const keys: string[] = [];
    for await (const { key: name, size, eTag } of client.list({ bucket: 'b', prefix: 'p/' })) {
      expect([size, eTag]).toEqual([434234, '"fba9"']);
      keys.push(name);
    }
    expect(keys).toEqual(['1', 'a & b', 'photos/007']);
    expect(got[1]).toMatchObject({ path: '/b', query: 'list-type=2&prefix=p%2F&max-keys=1000&continuation-token=1ueG%2F%2B%3D' });
  }); // prettier-ignore

  it('has lists of one and of none, and roots that are text', async () => {
    const answers: Record<string, string> = {
      '/one': listing('<IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>'),
      '/none': listing('<IsTruncated>false</IsTruncated>'),
      '/eu': '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>',
      '/us': '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>',
    };
    const { client } = await connect(s3, options, ({ path }) => [200, answers[path], XML]);
    const common = { name: 'bucket', isTruncated: false, keyCount: 1 };
    expect(await client.prefixes({ bucket: 'one' })).toEqual({ ...common, commonPrefixes: [{ prefix: 'a/' }] });
    expect(await client.prefixes({ bucket: 'none' })).toEqual({ ...common, commonPrefixes: [] });
    expect(await client.location({ bucket: 'eu' })).toBe('eu-west-1');
    expect(await client.location({ bucket: 'us' })).toBe('');
  });

  it('has errors in XML, also none at all for HEAD', async () => {
    const { client } = await connect(s3, options, ({ method, path }) => {
      if (method === 'HEAD') return path === '/b/a' ? [200, undefined, { 'content-length': '7', etag: '"q"' }] : [404, undefined, XML];
      return path === '/slow'
        ? [503, '<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>', { ...XML, 'retry-after': '1' }]
        : [404, '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The key &lt;a&gt; does not exist.</Message><Key>a</Key></Error>', XML];
    });
    expect(await client.head({ bucket: 'b', key: 'a' })).toEqual({ size: 7, eTag: '"q"' });
    expect(await failure(client.head({ bucket: 'b', key: 'x' }))).toMatchObject({ code: 'NOT_FOUND', requestId: 'R1' });
    expect(await failure(client.get({ bucket: 'b', key: 'a' }))).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'NO_SUCH_KEY',
      text: 'The key <a> does not exist.',
      requestId: 'R1',
      response: { status: 404, body: { Code: 'NoSuchKey', Key: 'a' } },
    });
    expect(await failure(client.location({ bucket: 'slow' }))).toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryAfterMs: 1000 });
  }); // prettier-ignore

  it('takes a document as a body', async () => {
    const { client, got } = await connect(s3, options, () => [
      200,
      '<DeleteResult xmlns="urn:x"><Deleted><Key>a&lt;b</Key></Deleted><Error><Key>c</Key><Code>AccessDenied</Code></Error></DeleteResult>',
      XML,
    ]);
    expect(await client.removeAll({ bucket: 'b', keys: ['a<b', 'c'] })).toEqual({
      deleted: [{ key: 'a<b' }],
      errors: [{ key: 'c', code: 'AccessDenied' }],
    });
    expect(got[0]).toMatchObject({
      query: 'delete=',
      headers: { 'content-type': 'application/xml' },
      body: '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a&lt;b</Key></Object><Object><Key>c</Key></Object></Delete>',
    });
  });
});

describe('EC2 and DynamoDB', () => {
  it('ask by forms, and answer lists in an element of their own', async () => {
    const ec2 = defineContract({
      name: 'ec2',
      operations: {
        describeInstances: mutation({
          input: z.object({ instanceId: z.array(z.string()).optional() }),
          output: z.array(z.object({ instanceId: z.string(), amiLaunchIndex: z.int(), ebsOptimized: z.boolean(), tags: z.record(z.string(), z.string()).optional() })),
        }),
      },
    }); // prettier-ignore
    const instance = (id: string) =>
      `<item><instanceId>${id}</instanceId><amiLaunchIndex>0</amiLaunchIndex><ebsOptimized>false</ebsOptimized></item>`;
    const { client, got } = await connect(
      ec2,
      {
        operations: {
          describeInstances: {
            http: 'POST /',
            type: 'application/x-www-form-urlencoded',
            input: ({ instanceId = [] }) => ({
              Action: 'DescribeInstances',
              Version: '2016-11-15',
              ...Object.fromEntries((instanceId as string[]).map((id, at) => [`InstanceId.${at + 1}`, id])),
            }),
            answer: 'xml',
            output: 'reservationSet.item.instancesSet.item',
          },
        },
      },
      ({ body }) =>
        body.includes('i-0')
          ? [400, '<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>The instance does not exist</Message></Error></Errors><RequestID>e</RequestID></Response>', XML]
          : [200, `<DescribeInstancesResponse><requestId>r</requestId><reservationSet><item><instancesSet>${instance('i-1')}</instancesSet></item><item><instancesSet>${instance('i-2')}${instance('i-3')}</instancesSet></item></reservationSet></DescribeInstancesResponse>`, XML],
    ); // prettier-ignore
    expect((await client.describeInstances({})).map(({ instanceId }) => instanceId)).toEqual(['i-1', 'i-2', 'i-3']);
    expect(await failure(client.describeInstances({ instanceId: ['i-0'] }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      text: 'The instance does not exist',
      response: { body: { Errors: { Error: { Code: 'InvalidInstanceID.NotFound' } }, RequestID: 'e' } },
    });
    expect(got[1]?.body).toBe('Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-0');
  });

  it('say in JSON what is wrong, and that they are throttled', async () => {
    const dynamo = defineContract({
      name: 'dynamo',
      operations: {
        getItem: query({ input: z.object({ table: z.string(), id: z.string() }), output: z.object({ id: z.string() }).nullable() }),
      },
    });
    const type = 'application/x-amz-json-1.0';
    const { client, got } = await connect(
      dynamo,
      {
        defaults: {
          type,
          answer: 'json',
          error: ({ body }) => {
            const { __type: type = '' } = Object(body) as { readonly __type?: string };
            return { code: type.endsWith('#ProvisionedThroughputExceededException') ? 'RESOURCE_EXHAUSTED' : undefined, details: { type } };
          },
        },
        operations: {
          getItem: {
            http: 'POST /',
            headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem' },
            input: ({ table, id }) => ({ TableName: table, Key: { id: { S: id } } }),
            output: (answer) => {
              const { Item: item } = answer as { readonly Item?: { readonly id: { readonly S: string } } };
              return item ? { id: item.id.S } : null;
            },
          },
        },
      },
      ({ body }) => {
        const { TableName } = JSON.parse(body) as { readonly TableName: string };
        if (TableName === 'busy') return [400, '{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","Message":"Too fast"}', { 'content-type': type }];
        return [200, TableName === 'empty' ? '{}' : '{"Item":{"id":{"S":"7"}}}', { 'content-type': type }];
      },
    ); // prettier-ignore
    expect(await client.getItem({ table: 't', id: '7' })).toEqual({ id: '7' });
    expect(await client.getItem({ table: 'empty', id: '7' })).toBeNull();
    expect(await failure(client.getItem({ table: 'busy', id: '7' }))).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException' },
      text: 'Too fast',
    });
    expect(got[0]).toMatchObject({ headers: { 'content-type': type }, body: '{"TableName":"t","Key":{"id":{"S":"7"}}}' });
  });
});
