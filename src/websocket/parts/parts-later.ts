import { lazy } from '../../life/lazy.ts';

/** Plain channels. */
export const channels = lazy(() => import('../channel/client.ts'));
/** JSON-RPC peers that someone else designed. */
export const foreign = lazy(() => import('../rpc/foreign.ts'));
