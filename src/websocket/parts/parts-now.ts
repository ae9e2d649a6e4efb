import { here } from '../../life/lazy.ts';
import * as channelClient from '../channel/client.ts';
import * as rpcForeign from '../rpc/foreign.ts';

/** Plain channels. */
export const channels = here(channelClient);
/** JSON-RPC peers that someone else designed. */
export const foreign = here(rpcForeign);
