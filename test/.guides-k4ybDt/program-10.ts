import { createClient, createService, defineContract, event, mutation, query, type Adapter } from 'multi-api-sdk';
import { graphql } from 'multi-api-sdk/graphql';
import { grpc } from 'multi-api-sdk/grpc';
import { mqtt } from 'multi-api-sdk/mqtt';
import { rest } from 'multi-api-sdk/rest';
import { serve } from 'multi-api-sdk/serve';
import { soap } from 'multi-api-sdk/soap';
import { webSocket } from 'multi-api-sdk/websocket';
import * as z from 'zod';

const Book = z.object({ kind: z.literal('book'), title: z.string(), pages: z.int32() }).meta({ id: 'Book' });
const Song = z.object({ kind: z.literal('song'), title: z.string(), seconds: z.number() }).meta({ id: 'Song' });
const Ware = z.discriminatedUnion('kind', [Book, Song]).meta({ id: 'Ware' });
const Order = z.object({ id: z.int32(), shop: z.string(), ware: Ware, count: z.int32().min(1) }).meta({ id: 'Order' });

const contract = defineContract({
  name: 'shop',
  operations: {
    getStock: query({ service: 'Catalog', output: z.record(z.string(), z.int32()), http: 'GET /stock' }),
    placeOrder: mutation({ service: 'Orders', input: Order.omit({ id: true }), output: Order, http: 'POST /shops/{shop}/orders' }),
  },
  events: {
    orderPlaced: event({ service: 'Orders', channel: 'shops/{shop}/orders/live', payload: Order, writtenBy: 'placeOrder' }),
  },
});

const stock: Record<string, number> = { Dune: 9, 'So What': 5 };
let orders = 0;
const service = createService(contract, {
  getStock: () => stock,
  placeOrder: ({ shop, ware, count }) => {
    stock[ware.title] = (stock[ware.title] ?? 0) - count;
    return { id: ++orders, shop, ware, count };
  },
});

// 0 picks a free port.
const served = await serve(service, { port: 0, grpcPort: 0, mqttPort: 0 });

const adapters: Record<string, Adapter> = {
  rest: rest({ url: served.http }),
  graphql: graphql({ url: served.http }),
  webSocket: webSocket({ url: served.http }),
  grpc: grpc({ url: served.grpc }),
  mqtt: mqtt({ url: served.mqtt }),
};
for (const [name, transport] of Object.entries(adapters)) {
  const client = createClient({ contract, transport });
  let hear: (id: number) => void = () => {};
  const heard = new Promise<number>((resolve) => (hear = resolve));
  await client.onOrderPlaced(({ id }) => hear(id), { params: { shop: name } });
  await client.placeOrder({ shop: name, ware: { kind: 'book', title: 'Dune', pages: 412 }, count: 1 });
  console.log(name, 'heard of order', await heard);
  await client.close();
}

// SOAP has no events, and its client's type says so.
const client = createClient({ contract, transport: soap({ url: served.http }) });
console.log('soap', await client.getStock());
await client.close();

await served.close();
await service.close();
