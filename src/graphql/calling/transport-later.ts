import { lazy } from '../../life/lazy.ts';

/** Calls and subscribes. */
export const transports = lazy(() => import('../transport.ts'));
