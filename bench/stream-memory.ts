// Memory of both ends while a slow loop takes 10,000 items of 10 kB from a handler at full speed, after garbage collection: flat, on every protocol.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createClient, createService, defineContract, stream, type Adapter } from 'multi-api-sdk';
import { graphql } from 'multi-api-sdk/graphql';
import { grpc } from 'multi-api-sdk/grpc';
import { connect } from 'multi-api-sdk/grpc/connect';
import { mqtt } from 'multi-api-sdk/mqtt';
import { rest } from 'multi-api-sdk/rest';
import { serve } from 'multi-api-sdk/serve';
import { webSocket } from 'multi-api-sdk/websocket';
import { z } from 'zod';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const ITEMS = 10_000;
const ITEM_BYTES = 10_000;
/** Items between two looks. */
const STEP = 1000;
const MIB = 1_048_576;

const contract = defineContract({
  name: 'flows',
  operations: {
    flow: stream({ input: z.object({ count: z.int32(), bytes: z.int32() }), item: z.object({ n: z.int32(), text: z.string() }) }),
  },
  events: {},
});
const service = createService(contract, {
  async *flow({ count, bytes }) {
    // Text of its own for each item: what is held is seen.
    for (let n = 1; n <= count; n++) yield { n, text: `${n} `.repeat(Math.ceil(bytes / `${n} `.length)).slice(0, bytes) };
  },
});
const served = await serve(service, {
  port: 0,
  grpcPort: 0,
  mqttPort: 0,
  playground: false,
  mcp: { maxStreamItems: ITEMS },
  onError: () => {},
});

function held(): number {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MIB;
}

async function slowly(items: AsyncIterable<unknown>): Promise<number[]> {
  const looks: number[] = [];
  let taken = 0;
  for await (const _ of items) {
    // Others run before the next one is taken.
    if (++taken % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (taken % STEP === 0) looks.push(held());
  }
  if (taken !== ITEMS) throw new Error(`${taken} items`);
  return looks;
}

/** The progress of a tool, which is how agents hear of items: within the bounds of one result, which has them all. */
async function* toolItems(): AsyncGenerator<string> {
  const response = await fetch(`${served.http}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-06-18' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'flow', arguments: { count: ITEMS, bytes: 20 }, _meta: { progressToken: 1 } },
    }),
  });
  let text = '';
  for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) if (block.includes('notifications/progress')) yield block;
  }
}

const adapters: Readonly<Record<string, Adapter<'call' | 'subscribe' | 'stream'>>> = {
  REST: rest({ url: served.http ?? '' }),
  GraphQL: graphql({ url: served.http ?? '' }),
  WebSocket: webSocket({ url: served.http ?? '' }),
  gRPC: grpc({ url: served.grpc ?? '' }),
  Connect: connect({ url: served.http ?? '' }),
  'gRPC-Web': connect({ url: served.http ?? '', protocol: 'grpc-web' }),
  MQTT: mqtt({ url: served.mqtt ?? '' }),
};
const table: Record<string, Record<string, string>> = {};
const note = (name: string, before: number, looks: readonly number[]) => {
  const shown = (value = NaN) => `${value.toFixed(1)} MiB`;
  table[name] = { before: shown(before), first: shown(looks[0]), most: shown(Math.max(...looks)), last: shown(looks.at(-1)) };
};
for (const [name, transport] of Object.entries(adapters)) {
  const client = createClient({ contract, transport });
  // What is loaded and compiled once is no part of it.
  for await (const _ of client.flow({ count: 200, bytes: ITEM_BYTES }));
  const before = held();
  note(name, before, await slowly(client.flow({ count: ITEMS, bytes: ITEM_BYTES })));
  await client.close();
}
const before = held();
note('MCP, items of 20 bytes, all in the result', before, await slowly(toolItems()));
console.log(`\nMemory of both ends, ${ITEMS} items of ${ITEM_BYTES} bytes for a slow loop, every ${STEP} items after garbage collection`);
console.table(table);
await served.close();
await service.close();
