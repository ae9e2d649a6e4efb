import { lazy } from '../../life/lazy.ts';

/** Reads streams of events and items. */
export const streaming = lazy(() => import('./event-stream.ts'));
/** Asks for selected fields. */
export const fielding = lazy(() => import('../calling/fields.ts'));
/** Sends and reads bodies that are files or bytes. */
export const transferring = lazy(() => import('../files/transfer.ts'));
/** Calls and subscriptions of APIs that someone else designed. */
export const foreign = lazy(() => import('../foreign/transport.ts'));
