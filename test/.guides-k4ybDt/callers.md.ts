import { ApiError, createClient, createService, defineContract, event, isApiError, mutation, type ContextInfo } from 'multi-api-sdk';
import { graphql } from 'multi-api-sdk/graphql';
import { rest } from 'multi-api-sdk/rest';
import { serve } from 'multi-api-sdk/serve';
import * as z from 'zod';

const Bid = z.object({ lot: z.string(), bidder: z.string(), cents: z.int32() }).meta({ id: 'Bid' });
const contract = defineContract({
  name: 'auction',
  operations: { bid: mutation({ input: Bid.omit({ bidder: true }), output: Bid, http: 'POST /lots/{lot}/bids' }) },
  events: { bidMade: event({ channel: 'lots/{lot}/bids/live', payload: Bid, writtenBy: 'bid' }) },
});

const USERS: Readonly<Record<string, string>> = { 'Bearer secret-of-ann': 'ann', 'Bearer secret-of-bob': 'bob' };
const context = ({ headers }: ContextInfo) => {
  const user = USERS[headers['authorization'] ?? ''];
  if (user === undefined) throw new ApiError('UNAUTHENTICATED', 'this token is not known');
  return { user };
};

const service = createService(contract, { bid: ({ lot, cents }, call) => ({ lot, cents, bidder: call.context.user }) }, { context });
const served = await serve(service, { port: 0, grpcPort: 0, mqttEventHeaders: { authorization: 'Bearer secret-of-ann' } });

const ann = createClient({ contract, transport: rest({ url: served.http, headers: async () => ({ authorization: 'Bearer secret-of-ann' }) }) });
const stranger = createClient({ contract, transport: graphql({ url: served.http }) });

await ann.onBidMade(({ bidder, cents }) => console.log(bidder, 'bids', cents), { params: { lot: 'vase' } });
await ann.bid({ lot: 'vase', cents: 500 });
try {
  await stranger.bid({ lot: 'vase', cents: 900 });
} catch (error) {
  if (isApiError(error)) console.log(error.message);
}

await Promise.all([ann.close(), stranger.close()]);
await served.close();
await service.close();
