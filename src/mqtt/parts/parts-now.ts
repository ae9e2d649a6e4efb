import { here } from '../../life/lazy.ts';
import * as record from '../connection/record.ts';
import * as structured from '../events/cloud-events.ts';

/** Reads events that are CloudEvents in one JSON object. */
export const cloudEvents = here(structured);
/** Makes records for `onWire`. */
export const recording = here(record);
