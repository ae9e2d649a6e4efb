import { lazy } from '../../life/lazy.ts';

/** JSON-RPC. */
export const transports = lazy(() => import('../rpc/client.ts'));
/** Plain channels. */
export const channels = lazy(() => import('../channel/client.ts'));
