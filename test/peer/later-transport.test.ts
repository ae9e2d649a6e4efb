import { describe, expect, it } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { laterTransport } from '../../src/peer/later-transport.ts';
import { failure } from '../support/failure.ts';

describe('a transport that is loaded with its first use', () => {
  it('is the transport itself if it is here', async () => {
    const service = createBlogService();
    expect(laterTransport(service.contract, 'blog', () => service)).toBe(service);
    await service.close();
  });

  it('keeps calls and subscriptions until it is here', async () => {
    const service = createBlogService();
    let arrive = () => {};
    const loaded = new Promise<typeof service>((resolve) => (arrive = () => resolve(service)));
    const client = createClient({ contract: service.contract, transport: laterTransport(service.contract, 'blog', () => loaded) });
    const user = client.getUser({ id: 123 });
    let hear = (_message: unknown) => {};
    const heard = new Promise((resolve) => (hear = resolve));
    const listening = client.onMessage((message) => hear(message));
    arrive();
    expect((await user).username).toBe('john_doe');
    await listening;
    await client.sendMessage({ sender: 'ann', message: 'hello' });
    expect(await heard).toMatchObject({ message: 'hello' });
    await client.close();
    await service.close();
  });

  it('is loaded again if it could not be', async () => {
    const service = createBlogService();
    let tries = 0;
    const transport = laterTransport(service.contract, 'blog', () =>
      ++tries === 1 ? Promise.reject(new Error('no chunk')) : Promise.resolve(service),
    );
    await new Promise((resolve) => setImmediate(resolve));
    const client = createClient({ contract: service.contract, transport });
    expect((await client.getUser({ id: 123 })).id).toBe(123);
    expect(tries).toBe(2);
    await client.close();
    await service.close();
  });

  it('takes no calls after it was closed', async () => {
    const service = createBlogService();
    const transport = laterTransport(service.contract, 'blog', () => Promise.resolve(service));
    await transport.close();
    const client = createClient({ contract: service.contract, transport });
    expect((await failure(client.getUser({ id: 123 }))).code).toBe('CANCELLED');
  });
});
