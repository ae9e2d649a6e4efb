import { createBlogService } from '../../blog/service.ts';
import type { Transport } from '../../core/transport.ts';
import { PROTOCOL_NAMES } from '../../protocols.ts';
import { mockService } from '../../testing/mock/mock-service.ts';
import { unknown, UsageError } from '../args.ts';
import { defineCommand } from '../command.ts';
import { loadContract, loadService } from '../module.ts';
import { canPublish, cpuMs, publishAll, serveFarEnd } from './far-end.ts';
import { FAR_END, type Order, type Report } from './far-process.ts';

/** The process that `compare` starts for the end that serves. It ends when its parent disconnects. */
export const farCommand = defineCommand({
  name: FAR_END,
  summary: 'serves one protocol for a measurement',
  positionals: ['<protocol>', '[module]'],
  flags: { contract: { type: 'string', value: '<file>', summary: 'the contract of a service that gives samples' } },
  notes: [],
  examples: [],
  async run({ flags, positionals: [protocol = '', file] }) {
    const name = PROTOCOL_NAMES.find((each) => each === protocol);
    if (name === undefined) throw unknown('protocol', protocol, PROTOCOL_NAMES);
    if (!process.send) throw new UsageError(`${FAR_END} is started by compare`);
    const disconnected = new Promise<void>((resolve) => process.once('disconnect', resolve));
    // Ctrl-C reaches the whole group of processes; the parent says when to end.
    const ignore = () => {};
    process.on('SIGINT', ignore);
    try {
      const service = await open(file, flags.contract);
      const farEnd = await serveFarEnd(service, name);
      process.on('message', (order: Order) => void obey(service, order));
      report({ url: farEnd.url, canPublish: canPublish(service) });
      await disconnected;
      await farEnd.close();
      await service.close();
    } catch (error) {
      report({ wrong: error instanceof Error ? error.message : String(error), isUsage: error instanceof UsageError });
      await disconnected;
    }
    process.off('SIGINT', ignore);
    return 0;
  },
});

async function open(file: string | undefined, contract: string | undefined): Promise<Transport> {
  if (file !== undefined) return loadService(file);
  return contract === undefined ? createBlogService() : mockService(await loadContract(contract));
}

async function obey(service: Transport, order: Order): Promise<void> {
  try {
    if ('cpu' in order) return report({ id: order.id, value: cpuMs() });
    if (!canPublish(service)) throw new Error('the service cannot be told to publish');
    report({ id: order.id, value: await publishAll(service, ...order.publish) });
  } catch (error) {
    report({ id: order.id, error: error instanceof Error ? error.message : String(error) });
  }
}

function report(message: Report): void {
  if (process.connected) process.send?.(message);
}
