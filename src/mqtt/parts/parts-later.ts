import { lazy } from '../../life/lazy.ts';

/** Reads events that are CloudEvents in one JSON object. */
export const cloudEvents = lazy(() => import('../events/cloud-events.ts'));
/** Makes records for `onWire`. */
export const recording = lazy(() => import('../connection/record.ts'));
