// The service behind the faulty way in a process of its own, which takes commands.
import { setTimeout } from 'node:timers';
import { startService } from './service.mjs';

const service = await startService();
const COMMANDS = {
  publish: (input) => service.publish(input),
  twice: async (protocol) => service.twice(protocol),
  async close() {
    await service.close();
    setTimeout(() => process.disconnect(), 10);
  },
};
process.on('message', ({ id, command, input }) => {
  void COMMANDS[command](input).then((output) => process.send({ id, output }));
});
process.once('SIGTERM', async () => {
  await service.close();
  process.send({ began: service.began }, () => process.exit(0));
});
process.send(service.ports);
