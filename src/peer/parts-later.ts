import { lazy } from '../life/lazy.ts';

/** Shows to `onWire` what went over the wire. */
export const showing = lazy(() => import('./wire-record.ts'));
