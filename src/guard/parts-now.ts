import { here } from '../life/lazy.ts';
import * as declared from './declared.ts';
import * as events from './guarded-events.ts';
import * as select from './select.ts';

/** The parts of the guard that many calls do not need. */
export const declaring = here(declared);
export const guarding = here(events);
export const selecting = here(select);
