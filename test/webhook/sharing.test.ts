import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memoryHub } from '../../src/index.ts';
import { fileWebhookStore, memoryWebhookStore } from '../../src/webhook/server.ts';
import { until } from '../support/until.ts';
import { verified } from '../support/webhooks.ts';
import { LEASE_MS, cleanups, countedStore, shared, slowHub, lateStore, endpoint } from './shared-store.ts';

describe('two dispatchers of one store', () => {
  it('deliver each event once, whoever published it, and share the subscriptions', async () => {
    // A lease that is lost on a busy machine would make some of them come twice.
    const leaseMs = 5000;
    const open = shared();
    const one = await open({ leaseMs });
    const { url, heard } = await endpoint();
    for (let n = 0; n < 10; n++) await one.api('POST', '', { url: `${url}/${n}`, events: ['article.published'], ordered: true });
    const two = await open({ leaseMs });
    for (let n = 0; n < 60; n++) {
      await (n % 2 ? one : two).publish(n);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await until(() => heard().length >= 600, 'all are delivered');
    expect(heard()).toHaveLength(600);
    await one.handler.close();
    await two.publish(60);
    await until(() => heard().length >= 610, 'the other one delivers all');
    expect(heard()).toHaveLength(610);
  });

  it('answer for all subscriptions: list, rotate, test, redeliver and delete', async () => {
    const { store, renewed } = countedStore();
    const open = shared(memoryHub(), store);
    const [one, two] = [await open(), await open()];
    const { url, got, wait } = await endpoint();
    const made = await one.api('POST', '', { url, events: ['article.published'] });
    const id = String(made.body['id']);
    expect((await two.api('GET')).body).toMatchObject([{ id }]);
    const rotated = await two.api('POST', `/${id}/rotate`, { overlapSeconds: 60 });
    const secret = String(rotated.body['secret']);
    expect((await two.api('POST', `/${id}/test`)).body).toMatchObject({ status: 204 });
    await verified(got[0], secret);
    await renewed();
    await two.publish(1);
    await wait(2);
    await verified(got[1], secret);
    await until(async () => (await two.api('GET', `/${id}/deliveries`)).body[0]?.state === 'delivered', 'it is kept');
    const [{ id: delivery }] = (await two.api('GET', `/${id}/deliveries`)).body as unknown as [{ id: string }];
    expect((await two.api('POST', `/${id}/deliveries/${delivery}/redeliver`)).status).toBe(202);
    await wait(3);
    expect(new Set(got.slice(1).map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect((await two.api('DELETE', `/${id}`)).status).toBe(204);
    expect((await one.api('GET', `/${id}`)).status).toBe(404);
    await renewed();
    const other = await endpoint();
    await one.api('POST', '', { url: other.url, events: ['article.published'] });
    await one.publish(2);
    await two.publish(3);
    await other.wait(2);
    expect(got).toHaveLength(3);
  });

  it('go on from where a subscription was made, if the other one left before its first event', async () => {
    const open = shared();
    const one = await open();
    const { url, heard } = await endpoint();
    await one.api('POST', '', { url, events: ['article.published'], ordered: true });
    await one.handler.close();
    await one.publish(1);
    const two = await open();
    await two.publish(2);
    await until(() => heard().length >= 2, 'both are delivered');
    expect(heard()).toEqual([1, 2]);
  });
});

describe('a subscription that is still being made', () => {
  it('stays rotated or deleted, if another dispatcher did that', async () => {
    const { hub, shut } = slowHub();
    const { store, renewed } = countedStore();
    const open = shared(hub, store);
    const [one, two] = [await open(), await open()];
    const { url, got, wait } = await endpoint();
    const letIn = shut();
    const making = [1, 2].map(() => one.api('POST', '', { url, events: ['article.published'] }));
    let ids: string[] = [];
    const listed = async () => (ids = ((await two.api('GET')).body as { id: string }[]).map(({ id }) => id));
    await until(async () => (await listed()).length === 2, 'both are stored');
    const [rotated = '', deleted = ''] = ids;
    const { secret } = (await two.api('POST', `/${rotated}/rotate`, { overlapSeconds: 0 })).body;
    expect((await two.api('DELETE', `/${deleted}`)).status).toBe(204);
    letIn();
    await Promise.all(making);
    expect(await listed()).toEqual([rotated]);
    await renewed();
    await two.publish(1);
    await wait(1);
    await verified(got[0], String(secret));
    expect(got).toHaveLength(1);
  });

  it('keeps each secret that a caller was given, if two dispatchers rotate it at the same time', async () => {
    const memory = memoryWebhookStore();
    const { sharing } = memory;
    if (!sharing) throw new Error('it is shared');
    // Both have read before one writes.
    let reading = 0;
    let go = (): void => {};
    const both = new Promise<void>((resolve) => (go = resolve));
    let isSlow = false;
    const subscription = async (id: string) => {
      const found = await sharing.subscription(id);
      if (isSlow && ++reading === 2) go();
      if (isSlow) await both;
      return found;
    };
    const open = shared(memoryHub(), { ...memory, sharing: { ...sharing, subscription } });
    const [one, two] = [await open(), await open()];
    const { id } = (await one.api('POST', '', { url: 'https://127.0.0.1/', events: ['article.published'] })).body;
    isSlow = true;
    const rotated = await Promise.all([one, two].map(({ api }) => api('POST', `/${id}/rotate`, { overlapSeconds: 60 })));
    expect(rotated.map(({ status }) => status)).toEqual([200, 200]);
    const held = (await memory.load()).subscriptions[0]?.secrets.map(({ secret }) => secret);
    for (const { body } of rotated) expect(held).toContain(body.secret);
  });

  it('stays with its dispatcher, if a claim was read before it was stored', async () => {
    const { hub, shut, waiting } = slowHub();
    const { store, hold, claims } = lateStore();
    const one = await shared(hub, store)();
    const { url, wait } = await endpoint();
    const letIn = shut();
    const answer = hold();
    const making = one.api('POST', '', { url, events: ['article.published'] });
    await until(() => waiting() === 1, 'it is stored and waits for its events');
    const before = claims();
    answer();
    await until(() => claims() > before, 'the claim is taken up');
    letIn();
    expect((await making).status).toBe(201);
    await one.publish(1);
    await wait(1);
  });
});

describe('an event of a subscription that was made', () => {
  it('is delivered once, if both came while a claim was under way', async () => {
    const { store, block, claims } = lateStore();
    const one = await shared(memoryHub(), store)();
    let answer: (status: number) => void = () => {};
    const { url, got, heard, wait } = await endpoint(() => new Promise((resolve) => (answer = resolve)));
    const before = claims();
    const go = block();
    await until(() => claims() > before, 'a claim is under way');
    await one.api('POST', '', { url, events: ['article.published'], ordered: true });
    await one.publish(1);
    await wait(1);
    go();
    await until(() => claims() > before + 1, 'the claim is taken up');
    await one.publish(2);
    answer(204);
    await wait(2);
    answer(204);
    expect(heard()).toEqual([1, 2]);
    expect(new Set(got.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
  });
});

describe('a subscription that was deleted', () => {
  it('is not taken up from a claim that was read before', async () => {
    const { store, hold, claims } = lateStore();
    const one = await shared(memoryHub(), store)();
    const { url, got } = await endpoint();
    const { id } = (await one.api('POST', '', { url, events: ['article.published'] })).body;
    const answer = hold();
    expect((await one.api('DELETE', `/${String(id)}`)).status).toBe(204);
    const before = claims();
    answer();
    await one.publish(1);
    await until(() => claims() > before, 'the claim is taken up');
    expect(got).toHaveLength(0);
  });
});

describe('a dispatcher that begins', () => {
  it('renews its lease while the service has not acknowledged its events', async () => {
    const { hub, shut, waiting } = slowHub();
    const { store, claims } = lateStore();
    const open = shared(hub, store);
    const one = await open();
    const { url } = await endpoint();
    await one.api('POST', '', { url, events: ['article.published'] });
    await one.handler.close();
    const letIn = shut();
    let isReady = false;
    const opening = open().then(() => (isReady = true));
    await until(() => waiting() > 1, 'its claim is being taken up');
    const before = claims();
    await until(() => claims() > before + 1, 'it has claimed twice more');
    expect(isReady).toBe(false);
    letIn();
    await opening;
  });
});

describe('a dispatcher whose store does not answer', () => {
  it('claims again after storeTimeoutMs', async () => {
    const { store, block, claims } = lateStore();
    const errors: unknown[] = [];
    const one = await shared(memoryHub(), store)({ storeTimeoutMs: 20, graceMs: 0, onError: (error) => errors.push(error) });
    const { url } = await endpoint();
    await one.api('POST', '', { url, events: ['article.published'] });
    const go = block();
    const first = claims();
    await until(() => errors.length > 0, 'a claim has failed');
    expect(String(errors[0])).toContain('has not answered claim within 20 ms');
    await until(() => one.handler.problems.length > 0, 'the lease is over');
    // It was to be renewed five times: more claims would only make the store slower.
    expect(claims() - first).toBeLessThanOrEqual(2);
    const before = claims();
    go();
    await until(() => claims() > before + 1, 'it claims again');
  });
});

describe('a dispatcher that lost its lease', () => {
  it('delivers again once it has renewed it', async () => {
    const { store, block } = lateStore();
    const one = await shared(memoryHub(), store)({ storeTimeoutMs: 20, onError: () => {} });
    const { url, heard } = await endpoint();
    await one.api('POST', '', { url, events: ['article.published'] });
    const go = block();
    await until(() => one.handler.problems.length > 0, 'the lease is over');
    await one.publish(1);
    expect(heard()).toEqual([]);
    go();
    await until(() => one.handler.problems.length === 0, 'it has the lease');
    await until(() => heard().length > 0, 'the event is delivered');
    expect(heard()).toEqual([1]);
  });
});

describe('a dispatcher that ends', () => {
  it('gives all back after the claim that is under way', async () => {
    const { store, block, claims } = lateStore();
    const one = await shared(memoryHub(), store)();
    const { url } = await endpoint();
    for (let n = 0; n < 2; n++) await one.api('POST', '', { url, events: ['article.published'] });
    const before = claims();
    const go = block();
    await until(() => claims() > before, 'a claim is under way');
    const closing = one.handler.close();
    await new Promise(setImmediate);
    go();
    await closing;
    const claim = await store.sharing?.claim('other', LEASE_MS, new Map());
    expect(claim?.held).toHaveLength(2);
  });

  it('waits for the requests of what it is giving back', async () => {
    const { store, renewed } = countedStore();
    const open = shared(memoryHub(), store);
    const one = await open();
    const answers = new Map<string, () => void>();
    const { url, wait } = await endpoint(({ path }) => new Promise((resolve) => answers.set(path, () => resolve(204))));
    const ids: string[] = [];
    for (const name of ['held', 'given-back'])
      ids.push(String((await one.api('POST', '', { url: `${url}/${name}`, events: ['article.published'] })).body['id']));
    await one.publish(1);
    await wait(2);
    await open();
    await renewed();
    let isClosed = false;
    const closing = one.handler.close().then(() => (isClosed = true));
    answers.get('/held')?.();
    const isDelivered = async () => (await store.deliveries(ids[0] ?? '', 9))[0]?.state === 'delivered';
    await until(isDelivered, 'one of them is answered');
    expect(isClosed).toBe(false);
    answers.get('/given-back')?.();
    await closing;
    for (const id of ids) expect(await store.deliveries(id, 9)).toMatchObject([{ state: 'delivered' }]);
  });
});

describe('what waited when a dispatcher began', () => {
  it('is delivered once, while a store in a file is claimed again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sharing-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const path = join(folder, 'webhooks.jsonl');
    const store = fileWebhookStore(path);
    const one = await shared(memoryHub(), store)({ graceMs: 0 });
    const numbers = [1, 2, 3, 4, 5, 6];
    // Longer than a renewal, so that the others still wait then.
    const { url, heard } = await endpoint(() => new Promise((resolve) => setTimeout(resolve, LEASE_MS / 4, 204)));
    await one.api('POST', '', { url, events: ['article.published'], ordered: true });
    for (const n of numbers) await one.publish(n);
    await one.handler.close();
    await store.close();
    const before = heard().length;

    const again = fileWebhookStore(path);
    cleanups.push(() => again.close());
    const two = await shared(memoryHub(), again)();
    await until(() => heard().length >= before + numbers.length, 'all are delivered');
    await two.publish(7);
    await until(() => heard().includes(7), 'a later one is delivered');
    expect(heard().slice(before)).toEqual([...numbers, 7]);
  });
});
