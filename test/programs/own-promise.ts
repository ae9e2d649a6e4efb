// A page or server of Angular: zone.js replaces the global `Promise`, of which the promises of async functions are no instances.
globalThis.Promise = class ZonePromise<T> extends Promise<T> {};

const { createBlogService } = await import('../../src/blog/service.ts');
const { createClient } = await import('../../src/index.ts');
const { PROTOCOLS, PROTOCOL_NAMES } = await import('../../src/protocols.ts');
const { serve } = await import('../../src/serve/index.ts');

const service = createBlogService();
const served = await serve(service, { port: 0, grpcPort: 0, mqttPort: 0 });
for (const name of PROTOCOL_NAMES.filter((each) => PROTOCOLS[each].verbs.includes('call'))) {
  const { connect, urlOf, verbs } = PROTOCOLS[name];
  const client = createClient({ transport: (await connect({ url: urlOf(served), onWire: () => {} })) as never });
  let heard = '';
  if (verbs.includes('subscribe')) await client.onMessage(({ message }) => void (heard = message));
  const { username } = await client.getUser({ id: 123 });
  await client.sendMessage({ sender: 'a', message: name });
  while (verbs.includes('subscribe') && heard === '') await new Promise((resolve) => setTimeout(resolve, 10));
  console.log(name, username, heard || '-');
  await client.close();
}
await served.close();
await service.close();
