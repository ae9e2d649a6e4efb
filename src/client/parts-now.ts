import { here } from '../life/lazy.ts';
import * as applicationForm from './application-form.ts';
import * as itemRun from './item-run.ts';
import * as pages from './pages.ts';
import * as subscriptions from './subscribing.ts';

/** The parts of a client that many calls do not need. */
export const converting = here(applicationForm);
export const paging = here(pages);
export const streaming = here(itemRun);
export const subscribing = here(subscriptions);
