import { lazy } from '../../life/lazy.ts';

/** Calls and subscribes, with mqtt.js. */
export const transports = lazy(() => import('../transport.ts'));
/** Reads events. */
export const feeding = lazy(() => import('../events/feed.ts'));
/** Devices that someone else designed. */
export const foreign = lazy(() => import('../foreign/devices.ts'));
