import { here } from '../../life/lazy.ts';
import * as channelClient from '../channel/client.ts';
import * as rpcClient from '../rpc/client.ts';

/** JSON-RPC. */
export const transports = here(rpcClient);
/** Plain channels. */
export const channels = here(channelClient);
