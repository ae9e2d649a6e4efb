/** Streamed operations over REST for a standard `EventSource`, which asks again when a response ends. */
import { EventSource } from 'eventsource';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ApiError, createService, defineContract, stream } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { restHandler } from '../../src/rest/server.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'model',
  operations: {
    complete: stream({ input: z.object({ words: z.int32(), how: z.enum(['fine', 'fail']).default('fine') }), item: z.string(), http: 'GET /complete/{words}' }), // prettier-ignore
  },
});

/** Opens a source, and waits until it gives up. */
async function take(path: string) {
  let runs = 0;
  const service = createService(contract, {
    async *complete({ words, how }) {
      runs++;
      for (let word = 1; word <= words; word++) yield `word ${word}`;
      if (how === 'fail') throw new ApiError('ABORTED', 'enough');
    },
  });
  const asked: (string | undefined)[] = [];
  const rest = restHandler(service);
  const server = await listen((request) => {
    asked.push(request.headers['last-event-id'] as string | undefined);
    return rest(request);
  });
  onTestFinished(async () => {
    await server.close(0);
    await service.close();
  });
  const source = new EventSource(server.url + path);
  onTestFinished(() => source.close());
  const items: unknown[] = [];
  const ends: unknown[] = [];
  source.addEventListener('message', ({ data }) => items.push(JSON.parse(data as string)));
  source.addEventListener('end', ({ data }) => ends.push(JSON.parse((data as string | undefined) ?? 'null')));
  await until(() => source.readyState === EventSource.CLOSED, 'the source gave up');
  return { items, ends, asked, runs: () => runs };
}

describe('an EventSource', () => {
  it('takes a stream once: it asks again with the id of the end, and is told by 204 that there is no more', async () => {
    const { items, ends, asked, runs } = await take('/complete/3');
    expect(items).toEqual(['word 1', 'word 2', 'word 3']);
    expect(ends).toEqual([{}]);
    expect([asked, runs()]).toEqual([[undefined, 'end'], 1]);
  });

  it('takes one that fails once too, and hears why', async () => {
    const { items, ends, runs } = await take('/complete/1?how=fail');
    expect([items, runs()]).toEqual([['word 1'], 1]);
    expect(ends).toMatchObject([{ code: 'ABORTED', message: 'enough' }]);
  });

  it('gives up at once if the stream is refused before it begins', async () => {
    const { items, asked, runs } = await take('/complete/many');
    expect([items, asked, runs()]).toEqual([[], [undefined], 0]);
  });
});
