/** Run by test/leak.test.ts as a process of its own, which must end by itself: `calls` or `subscribes`, over REST or in process. */
import { createClient, createConformanceClientOf } from './served.ts';

const [what = 'calls', how = 'rest'] = process.argv.slice(2);
const { transport, close, service, probe } = await createConformanceClientOf(how);
const client = createClient(transport);
await client.noInput();
if (what === 'subscribes') {
  let heard = 0;
  await client.onNote(() => void heard++);
  const stream = client.onNote();
  while (probe.subscriptions < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await service.publish('note', { text: 'x', number: 1, ratio: 0, tags: [], nothing: null });
  await stream.next();
  while (heard === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}
await client.close();
await close();
console.log('done');
