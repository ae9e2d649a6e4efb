/** Programs of one exchange of large files, each of which tells how much memory it took: `serve`, `gateway <url>` and `call <url>`. */
import { tmpdir } from 'node:os';
import * as z from 'zod/mini';
import { createClient, createService, defineContract, file, mutation, query } from '../../src/core.ts';
import { listen } from '../../src/http/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

const contract = defineContract({
  name: 'transfer',
  operations: {
    up: mutation({
      input: z.object({ content: file() }),
      output: z.object({ size: z.int() }),
      http: { route: 'PUT /file', body: 'content' },
    }),
    form: mutation({ input: z.object({ title: z.string(), content: file() }), output: z.object({ size: z.int() }), http: 'POST /form' }),
    pair: mutation({ input: z.object({ left: file(), right: file() }), output: z.object({ size: z.int() }), http: 'POST /pair' }),
    down: query({ input: z.object({ size: z.int() }), output: file(), http: 'GET /file' }),
  },
});

const PIECE = 64 * 1024;

async function* content(size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= PIECE) yield await Promise.resolve(new Uint8Array(Math.min(left, PIECE)).fill(left % 251));
}

async function sizeOf(chunks: AsyncIterable<Uint8Array>): Promise<{ size: number }> {
  let size = 0;
  for await (const chunk of chunks) size += chunk.byteLength;
  return { size };
}

/** The most memory that the process has had, in MiB. */
const peak = () => Math.round(process.resourceUsage().maxRSS / 1024);

async function transfer(url: string, size: number): Promise<readonly number[]> {
  const client = createClient({ contract, transport: rest({ url }), timeoutMs: Infinity });
  const up = await client.up({ content: content(size) });
  const form = await client.form({ title: 'large', content: content(size) });
  const half = (size * 6) / 10;
  const pair = await client.pair({ left: content(half), right: content(half) });
  const down = await sizeOf(await client.down({ size }));
  await client.close();
  return [up.size, form.size, pair.size, down.size];
}

/** Tells of the memory each time it is asked. */
function tell(): void {
  process.stdin.on('data', () => console.log(peak()));
}

const [how, url = ''] = process.argv.slice(2);
if (how === 'serve') {
  const service = createService(contract, {
    up: ({ content: given }) => sizeOf(given),
    form: ({ content: given }) => sizeOf(given),
    // In another order than they came in.
    pair: async ({ left, right }) => ({ size: (await sizeOf(right)).size + (await sizeOf(left)).size }),
    down: ({ size }) => ({ content: content(size), size }),
  });
  const server = await listen(restHandler(service, { tempFolder: tmpdir() }));
  console.log(server.url);
  tell();
} else if (how === 'gateway') {
  const server = await listen(restHandler(rest({ url })(contract), { tempFolder: tmpdir() }));
  console.log(server.url);
  tell();
} else {
  for (let round = 0; round < 3; round++) await transfer(url, 8 * 1024 * 1024);
  console.log(peak());
  process.stdin.once('data', () => {
    void transfer(url, 100 * 1024 * 1024).then((sizes) => {
      console.log(JSON.stringify({ sizes, peak: peak() }));
      process.exit();
    });
  });
}
