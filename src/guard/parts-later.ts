import { lazy } from '../life/lazy.ts';

/** The parts of the guard that many calls do not need. */
export const declaring = lazy(() => import('./declared.ts'));
export const filing = lazy(() => import('../schema/codec/files-in.ts'));
export const guarding = lazy(() => import('./guarded-events.ts'));
export const selecting = lazy(() => import('./select.ts'));
