// A page that shows the answer of a language model as it is written, and whose Cancel button stops the model: a streamed operation over REST,
// which a browser's own EventSource takes.
// Run it: npx tsx examples/llm-page.ts          one answer, cancelled in the middle, then it ends
//         npx tsx examples/llm-page.ts --keep   open the page that it prints
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, createService, defineContract, query, stream } from 'multi-api-sdk';
import { composeHandlers, listen, type HttpHandler } from 'multi-api-sdk/http';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import { z } from 'zod';
import { PAGE } from './support/assistant-page.ts';

const assistant = defineContract({
  name: 'assistant',
  operations: {
    complete: stream({
      summary: 'Answers token by token',
      input: z.object({ prompt: z.string().min(1).max(4000) }),
      item: z.string(),
      errors: { TOO_BUSY: { code: 'RESOURCE_EXHAUSTED', details: z.object({ running: z.int32() }) } },
      http: 'GET /complete',
    }),
    getUsage: query({
      summary: 'Tells what the model has done so far',
      output: z.object({ running: z.int32(), tokens: z.int32(), cancelled: z.int32() }),
      http: 'GET /usage',
    }),
  },
});

/** Stands for a model. One of a provider is an async iterable too, and takes the same signal: `openai.responses.create({ …, stream: true }, { signal })`. */
async function* model(prompt: string, signal: AbortSignal): AsyncGenerator<string> {
  const words = `You asked: ${prompt} A model would think about this for a while, and then say at length what it has found. `.split(
    /(?<= )/,
  );
  for (let place = 0; place < 200; place++) {
    await sleep(30, undefined, { signal });
    yield words[place % words.length] ?? '';
  }
}

const usage = { running: 0, tokens: 0, cancelled: 0 };
const service = createService(assistant, {
  async *complete({ prompt }, { signal, errors }) {
    if (usage.running >= 10) throw errors.TOO_BUSY({ running: usage.running });
    usage.running++;
    try {
      for await (const token of model(prompt, signal)) {
        usage.tokens++;
        yield token;
      }
    } finally {
      // Cancel, a closed tab and a lost connection all lead here: the model stops, and costs no more.
      usage.running--;
      if (signal.aborted) usage.cancelled++;
    }
  },
  getUsage: () => ({ ...usage }),
});

const page: HttpHandler = ({ path }) =>
  path === '/' ? { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: PAGE } : undefined;

const server = await listen(composeHandlers(page, restHandler(service)));
console.log(`the page: ${server.url}/`);

if (!process.argv.includes('--keep')) {
  // What the page does, from here, with the typed client.
  const client = createClient({ contract: assistant, transport: rest({ url: server.url }) });
  let answer = '';
  for await (const token of client.complete({ prompt: 'what is a stream?' })) {
    answer += token;
    if (token === 'while, ') break; // Cancel
  }
  console.log(answer);
  while ((await client.getUsage()).running > 0) await sleep(10);
  console.log(await client.getUsage());
  await client.close();
  await server.close();
  await service.close();
}
