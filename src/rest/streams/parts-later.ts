import { lazy } from '../../life/lazy.ts';

/** Reads streams of events and items. */
export const streaming = lazy(() => import('./event-stream.ts'));
