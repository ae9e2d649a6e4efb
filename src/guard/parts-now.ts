import { here } from '../life/lazy.ts';
import * as declared from './declared.ts';
import * as events from './guarded-events.ts';
import * as files from '../schema/codec/files-in.ts';
import * as select from './select.ts';

/** The parts of the guard that many calls do not need. */
export const declaring = here(declared);
export const filing = here(files);
export const guarding = here(events);
export const selecting = here(select);
