/** Connect and gRPC-Web from a real page: our example, our client, and the official clients `grpc-web` and `connect-web`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { toBinary, create, createFileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { connectHandler } from '../../src/grpc/connect/server.ts';
import { protoOf } from '../../src/grpc/proto/described.ts';
import { descriptorsOf } from '../../src/grpc/proto/descriptor.ts';
import { composeHandlers } from '../../src/http/serve/compose.ts';
import { listen } from '../../src/http/node/listen.ts';
import { noChromium, openPage, type Page } from '../support/chromium.ts';
import { pageScript } from '../support/page-bundle.ts';
import { ROOT } from '../support/source-graph.ts';
import { until } from '../support/until.ts';

/** What the page has: our client on both protocols, and the official ones on what the .proto file says. */
const PROGRAM = `
import { createClient } from './src/index.ts';
import { connect } from './src/grpc/connect/client.ts';
import { fromBinary, toBinary, create, createFileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createClient as createPeer } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import { GrpcWebClientBase, MethodDescriptor, MethodType } from 'grpc-web';

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Uint8Array.from(atob(DESCRIPTORS), (char) => char.charCodeAt(0))));
const service = (name) => registry.getService('blog.v1.' + name);
const of = (name, method) => service(name).method[method];

/** Calls and streams with our client. */
export async function ours(protocol) {
  const blog = createClient({ transport: connect({ url: location.origin, protocol }) });
  const heard = [];
  const stop = await blog.onMessage(({ message }) => void heard.push(message));
  const { username } = await blog.getUser({ id: 123 });
  await blog.sendMessage({ sender: 'page', message: protocol });
  while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const failed = await blog.getUser({ id: 9999 }).catch(({ code }) => code);
  await stop();
  await blog.close();
  return { username, heard, failed };
}

/** Takes the first of a stream, while messages are sent until one comes: nothing tells these clients that they are subscribed. */
async function firstOf(listen, send) {
  let heard;
  const stop = listen((message) => (heard ??= message));
  while (heard === undefined) {
    await send();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  stop();
  return heard;
}

export async function connectWeb(protocol) {
  const transport = (protocol === 'connect' ? createConnectTransport : createGrpcWebTransport)({ baseUrl: location.origin });
  const users = createPeer(service('UserService'), transport);
  const chat = createPeer(service('ChatService'), transport);
  const { name } = await users.getUser({ id: '123' });
  const heard = await firstOf(
    (take) => {
      const left = new AbortController();
      void (async () => {
        for await (const { data } of chat.onMessage({}, { signal: left.signal })) take(data.message);
      })().catch(() => {});
      return () => left.abort();
    },
    () => chat.sendMessage({ sender: 'web', message: protocol }),
  );
  return { name, heard };
}

/** The official client of gRPC-Web, which goes by XMLHttpRequest; it streams in base64 alone. */
export async function official(format) {
  const client = new GrpcWebClientBase({ format });
  const descriptor = (name, method, type) => {
    const { input, output } = of(name, method);
    return new MethodDescriptor(
      '/blog.v1.' + name + '/' + method[0].toUpperCase() + method.slice(1), type, Object, Object,
      (message) => toBinary(input, create(input, message)), (bytes) => fromBinary(output, bytes));
  };
  const call = (name, method, message) => new Promise((resolve, reject) => {
    const which = descriptor(name, method, MethodType.UNARY);
    client.rpcCall(location.origin + which.getName(), message, {}, which, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
  const { name } = await call('UserService', 'getUser', { id: '123' });
  const failed = await call('UserService', 'getUser', { id: '9999' }).catch(({ code, message }) => [code, message]);
  if (format === 'binary') return { name, failed };
  const which = descriptor('ChatService', 'onMessage', MethodType.SERVER_STREAMING);
  const heard = await firstOf(
    (take) => {
      const stream = client.serverStreaming(location.origin + which.getName(), {}, {}, which);
      stream.on('data', ({ data }) => take(data.message));
      stream.on('error', () => {});
      return () => stream.cancel();
    },
    () => call('ChatService', 'sendMessage', { sender: 'web', message: format }),
  );
  return { name, failed, heard };
}
Object.assign(globalThis, { ours, connectWeb, official, isReady: true });
`;

describe.skipIf(noChromium !== undefined)(`a page over Connect${noChromium === undefined ? '' : ` (${noChromium})`}`, () => {
  let page: Page;
  let close: () => Promise<unknown>;
  beforeAll(async () => {
    const set = create(FileDescriptorSetSchema, { file: descriptorsOf(protoOf(blogContract)).reverse() });
    expect(createFileRegistry(set).getService('blog.v1.UserService')).toBeDefined();
    const descriptors = Buffer.from(toBinary(FileDescriptorSetSchema, set)).toString('base64');
    const script = await pageScript(PROGRAM, { DESCRIPTORS: JSON.stringify(descriptors) });
    const service = createBlogService();
    const files: Readonly<Record<string, readonly [type: string, body: string]>> = {
      '/': ['text/html', '<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>'],
      '/page.js': ['text/javascript', script],
    };
    const server = await listen(
      composeHandlers(({ path }) => {
        const [type, body] = files[path] ?? [];
        return type === undefined ? undefined : { status: 200, headers: { 'content-type': `${type}; charset=utf-8` }, body: body ?? '' };
      }, connectHandler(service)),
    );
    page = await openPage(`${server.url}/`);
    close = () => Promise.all([page.close(), server.close(0), service.close()]);
    await until(async () => (await page.evaluate('globalThis.isReady')) === true, 'the page is there');
  }, 60_000);
  afterAll(() => close());

  it.each(['connect', 'grpc-web'])('our client calls and streams by %s', async (protocol) => {
    expect(await page.evaluate(`ours('${protocol}')`)).toEqual({ username: 'john_doe', heard: [protocol], failed: 'NOT_FOUND' });
  });

  it.each(['connect', 'grpc-web'])('connect-web calls and streams by %s', async (protocol) => {
    expect(await page.evaluate(`connectWeb('${protocol}')`)).toEqual({ name: 'john_doe', heard: protocol });
  });

  it('the official client grpc-web calls in both forms, and streams in the one in which it can', async () => {
    const failed = [5, expect.stringContaining('9999')];
    expect(await page.evaluate(`official('binary')`)).toEqual({ name: 'john_doe', failed });
    expect(await page.evaluate(`official('text')`)).toEqual({ name: 'john_doe', failed, heard: 'text' });
  });

  it("the example's page says and hears", async () => {
    const example = spawn(process.execPath, ['--import', 'tsx', 'examples/connect-page.ts', '--keep'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(example, 'exit');
    try {
      const [line] = (await once(createInterface({ input: example.stdout }), 'line')) as [string];
      await page.evaluate(`location.href = '${line.replace('the page: ', '')}'`);
      const text = async (id: string) => String(await page.evaluate(`document.querySelector('#${id}')?.textContent`));
      await until(async () => (await text('state')) === 'live', 'the page is subscribed');
      await page.evaluate(`sender.value = 'anna'; message.value = 'Hei!'; say.requestSubmit()`);
      await until(async () => (await text('lines')) === 'anna: Hei!', 'the message came');
      await until(async () => (await page.evaluate('message.value')) === '', 'the call is done');
    } finally {
      example.kill('SIGKILL');
      await gone;
    }
  }, 60_000);
});
