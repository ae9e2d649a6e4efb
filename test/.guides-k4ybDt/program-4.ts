import { createClient, createService, defineContract, stream } from 'multi-api-sdk';
import { z } from 'zod';

const contract = defineContract({
  name: 'model',
  operations: { complete: stream({ input: z.object({ prompt: z.string() }), item: z.string(), http: 'GET /complete' }) },
});
const service = createService(contract, {
  async *complete({ prompt }, { signal }) {
    for (const word of `You said: ${prompt}`.split(' ')) {
      if (signal.aborted) return;
      yield word;
    }
  },
});
const client = createClient({ contract, transport: service });

for await (const word of client.complete({ prompt: 'hello there' })) {
  console.log(word);
  if (word === 'hello') break; // reaches the handler
}

await client.close();
await service.close();
