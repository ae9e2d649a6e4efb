import { here } from '../../life/lazy.ts';
import * as rpcForeign from '../rpc/foreign.ts';
import * as rpcSubscriptions from '../rpc/subscriptions.ts';

/** Subscriptions over JSON-RPC. */
export const subscriptions = here(rpcSubscriptions);
/** JSON-RPC peers that someone else designed. */
export const foreign = here(rpcForeign);
