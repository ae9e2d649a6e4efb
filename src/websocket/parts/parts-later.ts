import { lazy } from '../../life/lazy.ts';

/** Subscriptions over JSON-RPC. */
export const subscriptions = lazy(() => import('../rpc/subscriptions.ts'));
/** JSON-RPC peers that someone else designed. */
export const foreign = lazy(() => import('../rpc/foreign.ts'));
