import { lazy } from '../../life/lazy.ts';

/** Devices that someone else designed. */
export const foreign = lazy(() => import('../foreign/devices.ts'));
