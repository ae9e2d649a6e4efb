import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { graphql } from '../../src/graphql/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { ApiError, createClient } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import { soap } from '../../src/soap/client.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { noNginx, startNginx, type Nginx } from '../support/nginx.ts';
import { freePort } from '../support/free-port.ts';

describe.skipIf(noNginx)(`behind nginx, which strips a prefix${noNginx ? ` (${noNginx})` : ''}`, () => {
  const service = createBlogService({
    context: ({ headers }) => {
      if (headers['authorization'] === 'Bearer old') throw new ApiError('UNAUTHENTICATED', 'who are you?');
    },
  });
  let nginx: Nginx;
  let served: Served;
  let url: string;

  beforeAll(async () => {
    const port = await freePort();
    nginx = await startNginx(
      () => `location /shop/ {
        proxy_pass http://127.0.0.1:${port}/; proxy_http_version 1.1; proxy_buffering off;
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; proxy_set_header Host $host;
      }`,
    );
    url = `http://127.0.0.1:${nginx.port}/shop`;
    served = await serve(service, {
      port,
      publicUrl: url,
      protocols: ['rest', 'graphql', 'websocket', 'soap', 'webhook', 'mcp', 'grpc'],
      grpcPort: 0,
      mcp: { authorization: { authorizationServers: ['https://login.example'] } },
      allowPrivateWebhooks: true,
      webhook: { caller: () => 'everyone' },
    });
  });
  afterAll(async () => {
    await served.close();
    await service.close();
    await nginx.close();
  });

  const status = async (link: string | null, init?: RequestInit) => {
    expect(link).toMatch(new RegExp(`^${url}/`));
    return (await fetch(link ?? '', init)).status;
  };
  const post = (path: string, body: unknown) =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  it('REST: Location, Link and the servers of the descriptions lead back', async () => {
    const made = await post('/posts', { title: 'Behind a proxy', content: 'text', authorId: 123 });
    expect(made.status).toBe(201);
    const page = await fetch(`${url}/users/123/posts?limit=1`);
    expect(await status(/<(.*?)>/.exec(page.headers.get('link') ?? '')?.[1] ?? null)).toBe(200);
    const { servers } = (await (await fetch(`${url}/openapi.json`)).json()) as { servers: { url: string }[] };
    expect(await status(`${servers[0]?.url}/users/123`)).toBe(200);
    const asyncapi = (await (await fetch(`${url}/asyncapi.json`)).json()) as { servers: { sse: { host: string; pathname: string } } };
    expect(asyncapi.servers.sse).toMatchObject({ host: `127.0.0.1:${nginx.port}`, pathname: '/shop' });
  });

  it("SOAP: the WSDL's address", async () => {
    const wsdl = await (await fetch(`${url}/soap?wsdl`)).text();
    const addresses = [...wsdl.matchAll(/address location="(.*?)"/g)].map(([, address]) => address ?? '');
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) expect(await status(`${address}?wsdl`)).toBe(200);
  });

  it("GraphQL: GraphiQL's page finds its files", async () => {
    const asked = `${url}/graphql`;
    const page = await (await fetch(asked, { headers: { accept: 'text/html' } })).text();
    const links = [...page.matchAll(/(?:src|href)="(?!data:)(.*?)"/g)].map(([, link]) => new URL(link ?? '', asked).href);
    expect(links).toHaveLength(2);
    for (const link of links) expect(await status(link)).not.toBe(404);
  });

  it('webhooks: Location, and the server of the description', async () => {
    const made = await post('/webhooks/subscriptions', { url: 'http://127.0.0.1:1/a', events: ['article.published'] });
    expect([made.status, await status(made.headers.get('location'))]).toEqual([201, 200]);
    const { servers, paths } = (await (await fetch(`${url}/webhooks/openapi.json`)).json()) as {
      servers: { url: string }[];
      paths: object;
    };
    expect(await status(`${servers[0]?.url}${Object.keys(paths)[0]}`)).toBe(200);
  });

  it("MCP: the challenge's metadata, and the resource that they name", async () => {
    const refused = await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer old' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    const link = /resource_metadata="(.*?)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1] ?? null;
    expect([refused.status, await status(link)]).toEqual([401, 200]);
    const { resource } = (await (await fetch(link ?? '')).json()) as { resource: string };
    expect(resource).toBe(`${url}/mcp`);
  });

  it('clients work with the address of the proxy', async () => {
    const adapters = {
      rest: rest({ url }),
      graphql: graphql({ url: `${url}/graphql` }),
      webSocket: webSocket({ url: `${url.replace('http', 'ws')}/ws` }),
      soap: soap({ url: `${url}/soap` }),
      connect: connect({ url }),
    };
    for (const [name, transport] of Object.entries(adapters)) {
      const client = createClient({ transport });
      expect([name, (await client.getUser({ id: 123 })).id]).toEqual([name, 123]);
      await client.close();
    }
    const client = createClient({ transport: rest({ url }) });
    const publish = () => service.publish('temperature', { sensorId: 'roof', celsius: 21.5, measuredAt: '2026-01-31T12:00:00Z' });
    const heard = new Promise((resolve) => void client.onTemperature(({ celsius }) => resolve(celsius)).then(publish));
    expect(await heard).toBe(21.5);
    await client.close();
  });
});
