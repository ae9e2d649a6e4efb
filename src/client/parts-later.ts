import { lazy } from '../life/lazy.ts';

/** The parts of a client that many calls do not need. */
export const converting = lazy(() => import('./application-form.ts'));
export const paging = lazy(() => import('./pages.ts'));
export const streaming = lazy(() => import('./item-run.ts'));
export const subscribing = lazy(() => import('./subscribing.ts'));
