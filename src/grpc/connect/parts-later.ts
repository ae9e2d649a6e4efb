import { lazy } from '../../life/lazy.ts';

/** The transport, with the description of the contract and messages in JSON. */
export const transports = lazy(() => import('./transport.ts'));
/** Messages in protobuf. */
export const binary = lazy(() => import('../codec/binary-form.ts'));
