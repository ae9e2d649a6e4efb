/** Options for TanStack Query, with its core, and in a page in React. */
import { focusManager, InfiniteQueryObserver, MutationObserver, QueryClient, QueryObserver } from '@tanstack/query-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { startServer } from '../../examples/react-tanstack/server.ts';
import { listen } from '../../src/http/index.ts';
import { ApiError, createClient, createService, defineContract, event, int64, memoryHub, mutation, query } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { createTanstackQuery } from '../../src/tanstack/index.ts';
import { noChromium, openPage } from '../support/chromium.ts';
import { until } from '../support/until.ts';

const Task = z.object({ id: z.int32(), title: z.string() });
const contract = defineContract({
  name: 'tasks',
  operations: {
    getTask: query({ input: z.object({ id: z.int32() }), output: Task, errors: ['NOT_FOUND'] }),
    touch: query({}),
    double: query({ input: z.object({ n: int64() }), output: int64() }),
    listTasks: query({
      input: z.object({ limit: z.int32().default(2), after: z.int32().optional() }),
      output: z.array(Task),
      pagedBy: 'id',
    }),
    addTask: mutation({ input: z.object({ title: z.string() }), output: Task }),
  },
  events: {
    taskAdded: event({ channel: 'tasks/{id}', payload: Task, writtenBy: 'addTask' }),
    counted: event({ channel: 'counts/{n}', payload: z.object({ n: int64() }) }),
  },
});

async function open(history = 1000) {
  const tasks = [1, 2, 3].map((id) => ({ id, title: `task ${id}` }));
  const started: string[] = [];
  const aborted: string[] = [];
  const service = createService(
    contract,
    {
      getTask: ({ id }, { signal }) => {
        if (id === 0) started.push('getTask');
        if (id === 0)
          return new Promise((_, reject) =>
            signal.addEventListener('abort', () => (aborted.push('getTask'), reject(signal.reason as Error))),
          );
        const task = tasks.find((each) => each.id === id);
        if (!task) throw new ApiError('NOT_FOUND', `no task has the id ${id}`);
        return task;
      },
      touch: () => {},
      double: ({ n }) => n * 2n,
      listTasks: ({ limit, after = 0 }) => tasks.filter(({ id }) => id > after).slice(0, limit),
      addTask: ({ title }) => {
        const task = { id: tasks.length + 1, title };
        tasks.push(task);
        return task;
      },
    },
    { hub: memoryHub({ history }) },
  );
  const server = await listen(restHandler(service));
  const client = createClient({ contract, transport: rest({ url: server.url }), reconnect: { baseDelayMs: 1, maxDelayMs: 5 } });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, gcTime: Infinity } } });
  onTestFinished(async () => {
    queries.clear();
    await client.close();
    await server.close(0);
    await service.close(0);
  });
  return { service, server, client, queries, api: createTanstackQuery(contract, client), started, aborted };
}

describe('queries and mutations', () => {
  it('give what the client gives, under keys by which they are found', async () => {
    const { api, queries } = await open();
    const task = await queries.fetchQuery(api.getTask.queryOptions({ id: 2 }));
    expect(task.title satisfies string).toBe('task 2');
    expect(api.getTask.queryOptions({ id: 2 }).queryKey).toEqual(['tasks', 'getTask', { type: 'query', input: { id: 2 } }]);
    expect(queries.getQueryCache().findAll({ queryKey: api.getTask.key() }).length).toBe(1);
    expect(queries.getQueryCache().findAll({ queryKey: api.key() }).length).toBe(1);
    await expect(queries.fetchQuery(api.getTask.queryOptions({ id: 9 }))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await queries.fetchQuery(api.touch.queryOptions())).toBe(null);
  });

  it('take whole numbers of 64 bits, also in the key', async () => {
    const { api, queries } = await open();
    const options = api.double.queryOptions({ n: 2n ** 60n });
    expect(await queries.fetchQuery(options)).toBe(2n ** 61n);
    expect(queries.getQueryData(options.queryKey)).toBe(2n ** 61n);
    expect(queries.getQueryData(api.double.queryOptions({ n: 1n }).queryKey)).toBeUndefined();
  });

  it.each(['events', 'key'])('leave no room for an operation with the name %s', (name) => {
    const odd = defineContract({ name: 'odd', operations: { [name]: query({ output: z.string() }) } });
    const client = createClient({ contract: odd, transport: createService(odd, { [name]: () => '' }) });
    expect(() => createTanstackQuery(odd, client)).toThrow(new RegExp(`'${name}'.*TanStack`, 'i'));
  });

  it('end at the far side with their query', async () => {
    const { api, queries, started, aborted } = await open();
    const { queryKey, ...rest } = api.getTask.queryOptions({ id: 0 });
    const pending = queries.fetchQuery({ queryKey, ...rest });
    pending.catch(() => {});
    await until(() => started.length === 1);
    await queries.cancelQueries({ queryKey });
    await until(() => aborted.length === 1);
  });

  it('page until a page is not full, by the limit of the schema or of the input', async () => {
    const { api, queries } = await open();
    for (const input of [undefined, { limit: 1 }]) {
      const observer = new InfiniteQueryObserver(queries, api.listTasks.infiniteOptions(input));
      const stop = observer.subscribe(() => {});
      await until(() => observer.getCurrentResult().isSuccess);
      while (observer.getCurrentResult().hasNextPage) await observer.fetchNextPage();
      expect(
        observer
          .getCurrentResult()
          .data?.pages.flat()
          .map(({ id }) => id),
      ).toEqual([1, 2, 3]);
      stop();
    }
  });

  it('mutate', async () => {
    const { api, queries } = await open();
    const observer = new MutationObserver(queries, api.addTask.mutationOptions());
    expect((await observer.mutate({ title: 'new' })).id).toBe(4);
    expect(() => api.addTask.queryOptions({ title: 'x' })).toThrow(/addTask is a mutation/);
  });
});

describe('events', () => {
  it('are a query that succeeds once the subscription stands, and holds the last events', async () => {
    const { api, queries, client } = await open();
    const observer = new QueryObserver(queries, api.events.taskAdded.queryOptions({ maxEvents: 2 }));
    const stop = observer.subscribe(() => {});
    await until(() => observer.getCurrentResult().isSuccess);
    expect(observer.getCurrentResult().data).toEqual([]);
    for (const title of ['a', 'b', 'c']) await client.addTask({ title });
    await until(() => observer.getCurrentResult().data?.at(-1)?.title === 'c');
    expect(observer.getCurrentResult().data?.map(({ title }) => title)).toEqual(['b', 'c']);
    stop();
  });

  it('can be fixed to values of the channel', async () => {
    const { api, queries, client } = await open();
    const observer = new QueryObserver(queries, api.events.taskAdded.queryOptions({ params: { id: 5 } }));
    const stop = observer.subscribe(() => {});
    await until(() => observer.getCurrentResult().isSuccess);
    for (const title of ['a', 'b', 'c']) await client.addTask({ title });
    await until(() => observer.getCurrentResult().data?.length === 1);
    expect(observer.getCurrentResult().data?.[0]?.id).toBe(5);
    stop();
  });

  it('can be fixed to whole numbers of 64 bits', async () => {
    const { api, queries, service } = await open();
    const observer = new QueryObserver(queries, api.events.counted.queryOptions({ params: { n: 2n ** 60n } }));
    const stop = observer.subscribe(() => {});
    await until(() => observer.getCurrentResult().isSuccess);
    for (const n of [1n, 2n ** 60n]) await service.publish('counted', { n });
    await until(() => observer.getCurrentResult().data?.length === 1);
    expect(observer.getCurrentResult().data).toEqual([{ n: 2n ** 60n }]);
    stop();
  });

  it('go on where they were when the connection is cut', async () => {
    const { api, queries, service, server } = await open();
    const observer = new QueryObserver(queries, api.events.taskAdded.queryOptions());
    const stop = observer.subscribe(() => {});
    await until(() => observer.getCurrentResult().isSuccess);
    for (let at = 0; at < 10; at++) {
      await service.publish('taskAdded', { id: 10 + at, title: `${at}` });
      // Before the first event there is no place to go on from.
      if (at === 0) await until(() => observer.getCurrentResult().data?.length === 1);
      if (at % 3 === 1) server.server.closeAllConnections();
    }
    await until(() => observer.getCurrentResult().data?.length === 10);
    expect(observer.getCurrentResult().data?.map(({ title }) => title)).toEqual(Array.from({ length: 10 }, (_, at) => `${at}`));
    stop();
  });

  it('invalidate the other queries after a gap, or those that are named, and never themselves', async () => {
    for (const invalidates of [undefined, [['tasks', 'getTask']] as const, [['tasks']] as const]) {
      const { api, queries, client, server, service } = await open(1);
      await queries.prefetchQuery(api.getTask.queryOptions({ id: 1 }));
      await queries.prefetchQuery(api.touch.queryOptions());
      const invalidated: unknown[] = [];
      queries.getQueryCache().subscribe((told) => {
        if (told.type === 'updated' && told.action.type === 'invalidate') invalidated.push(told.query.queryKey[1]);
      });
      const observer = new QueryObserver(queries, api.events.taskAdded.queryOptions(invalidates ? { invalidates } : {}));
      const stop = observer.subscribe(() => {});
      await until(() => observer.getCurrentResult().isSuccess);
      await client.addTask({ title: 'seen' });
      await until(() => observer.getCurrentResult().data?.length === 1);
      server.server.closeAllConnections();
      for (let id = 5; id < 10; id++) await service.publish('taskAdded', { id: 4, title: `${id}` });
      const isInvalid = (queryKey: readonly unknown[]) => queries.getQueryState(queryKey)?.isInvalidated;
      await until(() => isInvalid(api.getTask.queryOptions({ id: 1 }).queryKey) === true);
      expect(isInvalid(api.touch.queryOptions().queryKey)).toBe(invalidates?.[0].length !== 2);
      expect(invalidated).not.toContain('taskAdded');
      stop();
    }
  });

  it('go on after the last event that they have when somebody looks again', async () => {
    const { api, queries, service } = await open();
    const observer = new QueryObserver(queries, api.events.taskAdded.queryOptions());
    const titles = () => observer.getCurrentResult().data?.map(({ title }) => title);
    for (const title of ['a', 'b', 'c']) {
      const leave = observer.subscribe(() => {});
      await until(() => observer.getCurrentResult().isSuccess);
      await service.publish('taskAdded', { id: 9, title });
      await until(() => titles()?.includes(title) === true);
      leave();
      await service.publish('taskAdded', { id: 9, title: `after ${title}` });
    }
    expect(titles()).toEqual(['a', 'after a', 'b', 'after b', 'c']);
  });

  it('go on when the same observer looks at one query after another', async () => {
    const { api, queries, service } = await open();
    const options = (id: number) => api.events.taskAdded.queryOptions({ params: { id } });
    const observer = new QueryObserver(queries, options(1));
    const stop = observer.subscribe(() => {});
    for (const [id, count] of [
      [1, 1],
      [2, 1],
      [1, 2],
    ] as const) {
      observer.setOptions(options(id));
      await until(() => observer.getCurrentResult().isSuccess && observer.getCurrentResult().fetchStatus === 'fetching');
      await service.publish('taskAdded', { id, title: `${count}` });
      await until(() => observer.getCurrentResult().data?.length === count);
    }
    stop();
  });

  it('hold one subscription, however many look and whatever is focused', async () => {
    const { api, queries, service } = await open();
    const observers = [1, 2, 3].map(() => new QueryObserver(queries, api.events.taskAdded.queryOptions()));
    const stops = observers.map((observer) => observer.subscribe(() => {}));
    await until(() => observers.every((observer) => observer.getCurrentResult().isSuccess));
    let begun = 0;
    queries.getQueryCache().subscribe((told) => void (told.type === 'updated' && told.action.type === 'fetch' && begun++));
    focusManager.setFocused(false);
    focusManager.setFocused(true);
    focusManager.setFocused(undefined);
    stops.push(new QueryObserver(queries, api.events.taskAdded.queryOptions()).subscribe(() => {}));
    await service.publish('taskAdded', { id: 9, title: 'once' });
    await until(() => observers.every((observer) => observer.getCurrentResult().data?.length === 1));
    expect(begun).toBe(0);
    for (const stop of stops) stop();
  });

  it('invalidate them too when somebody looks again before any event has come', async () => {
    const { api, queries, service } = await open();
    const { queryKey, queryFn } = api.getTask.queryOptions({ id: 1 });
    await queries.prefetchQuery({ queryKey, queryFn });
    const observer = new QueryObserver(queries, api.events.taskAdded.queryOptions());
    const leave = observer.subscribe(() => {});
    await until(() => observer.getCurrentResult().isSuccess);
    expect(queries.getQueryState(queryKey)?.isInvalidated).toBe(false);
    leave();
    await service.publish('taskAdded', { id: 9, title: 'while nobody looked' });
    const stop = observer.subscribe(() => {});
    await until(() => queries.getQueryState(queryKey)?.isInvalidated === true);
    stop();
  });

  it('are given up with an error that trying again cannot cure', async () => {
    const { api, queries } = await open();
    const observer = new QueryObserver(queries, api.events.taskAdded.queryOptions({ params: { nothing: 1 } as never }));
    const stop = observer.subscribe(() => {});
    await until(() => observer.getCurrentResult().isError);
    stop();
  });
});

describe('a page in React', () => {
  it.skipIf(noChromium !== undefined)(
    `misses nothing when its socket is cut, and reads anew after a gap ${noChromium ?? ''}`,
    async () => {
      const app = await startServer({ history: 5 });
      onTestFinished(() => app.close());
      const page = await openPage(`${app.url}/`);
      onTestFinished(() => page.close());
      const text = async (id: string) => String(await page.evaluate(`document.getElementById('${id}')?.innerText ?? ''`));
      const lines = async (id: string) => (await text(id)).split('\n').filter((line) => line !== '');
      const cut = () => {
        for (const socket of sockets) socket.destroy();
      };
      const sockets = new Set<import('node:net').Socket>();
      app.server.on('connection', (socket) => sockets.add(socket.once('close', () => sockets.delete(socket))));
      await until(async () => (await text('state')) === 'success');
      await until(async () => (await lines('list')).length === 2);
      await page.evaluate(`document.getElementById('more').click()`);
      await until(async () => (await lines('list')).length === 3);
      await page.evaluate(`document.getElementById('add').click()`);
      await until(async () => (await lines('added')).join() === 'untitled');

      // Its sockets of before this listener are cut too: all connections are.
      app.server.closeAllConnections();
      cut();
      for (const title of ['a', 'b', 'c']) await app.service.publish('taskAdded', { id: 100 + title.charCodeAt(0), title });
      await until(async () => (await lines('added')).length === 4);
      expect(await lines('added')).toEqual(['untitled', 'a', 'b', 'c']);
      expect(await text('count')).toBe('3');
      cut();
      for (let id = 200; id < 220; id++) await app.service.publish('taskAdded', { id, title: `${id}` });
      await until(async () => (await text('count')) === '4');
      expect(await text('error')).toBe('');
    },
    40_000,
  );
});
