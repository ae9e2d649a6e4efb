import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finish, start } from '../support/program.ts';
import { ROOT } from '../support/source-graph.ts';

const PROGRAM = `
  import { createClient } from 'multi-api-sdk';
  import { createBlogService } from 'multi-api-sdk/blog';
  import { listen } from 'multi-api-sdk/http';
  import { rest } from 'multi-api-sdk/rest';
  import { restHandler } from 'multi-api-sdk/rest/server';
  const main = async () => {
    const service = createBlogService();
    const server = await listen(restHandler(service));
    const blog = createClient({ transport: rest({ url: server.url }) });
    const events = blog.onMessage();
    const first = events.next();
    await new Promise((resolve) => setImmediate(resolve));
    const user = await blog.getUser({ id: 123 });
    while (!(await Promise.race([first, blog.sendMessage({ sender: user.username, message: 'hi' })])).value);
    console.log((await first).value.sender);
    await events.return();
    await blog.close();
    await server.close();
    await service.close();
  };
  main();`;

/** Every protocol, whose libraries are CommonJS. */
const EVERYTHING = `
  import { createClient } from 'multi-api-sdk';
  import { createBlogService } from 'multi-api-sdk/blog';
  import { graphql } from 'multi-api-sdk/graphql';
  import { grpc } from 'multi-api-sdk/grpc';
  import { mqtt } from 'multi-api-sdk/mqtt';
  import { serve } from 'multi-api-sdk/serve';
  import { soap } from 'multi-api-sdk/soap';
  import { webSocket } from 'multi-api-sdk/websocket';
  const main = async () => {
    const service = createBlogService();
    const { http, grpc: grpcUrl, mqtt: mqttUrl, close } = await serve(service, { port: 0, grpcPort: 0, mqttPort: 0 });
    for (const transport of [graphql({ url: http }), grpc({ url: grpcUrl }), mqtt({ url: mqttUrl }), soap({ url: http }), webSocket({ url: http })]) {
      const blog = createClient({ transport });
      console.log((await blog.getUser({ id: 123 })).id);
      await blog.close();
    }
    await close();
    await service.close();
  };
  main();`;

/** The line that guides of esbuild and of AWS tell for ES modules that hold CommonJS. */
const BANNER = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(ROOT, 'test/.bundled-'))));
afterAll(() => rm(folder, { recursive: true }));

describe('a program in one file', () => {
  it.each([
    ['calls and listens over REST on Node as ES module', PROGRAM, 'esm', '', 'john_doe\n'],
    ['calls and listens over REST on Node as CommonJS', PROGRAM, 'cjs', '', 'john_doe\n'],
    ['calls over other protocols as ES module with require', EVERYTHING, 'esm', BANNER, '123\n'.repeat(5)],
    ['calls over other protocols as CommonJS', EVERYTHING, 'cjs', '', '123\n'.repeat(5)],
  ] as const)('%s', { timeout: 120_000 }, async (_, contents, format, js, printed) => {
    const outfile = join(folder, format === 'esm' ? 'program.mjs' : 'program.cjs');
    await build({
      stdin: { contents, resolveDir: ROOT },
      bundle: true,
      platform: 'node',
      format,
      banner: { js },
      outfile,
      conditions: ['multi-api-sdk:source'],
      logLevel: 'error',
    });
    const { code, stdout, stderr } = await finish(start([outfile]));
    expect([stderr, stdout, code]).toEqual(['', printed, 0]);
  });
});
