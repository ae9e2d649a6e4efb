import { here } from '../../life/lazy.ts';
import * as channelClient from '../channel/client.ts';
import * as rpcForeign from '../rpc/foreign.ts';
import * as rpcSubscriptions from '../rpc/subscriptions.ts';

/** Plain channels. */
export const channels = here(channelClient);
/** Subscriptions over JSON-RPC. */
export const subscriptions = here(rpcSubscriptions);
/** JSON-RPC peers that someone else designed. */
export const foreign = here(rpcForeign);
