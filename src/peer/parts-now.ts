import { here } from '../life/lazy.ts';
import * as wireRecord from './wire-record.ts';

/** Shows to `onWire` what went over the wire. */
export const showing = here(wireRecord);
