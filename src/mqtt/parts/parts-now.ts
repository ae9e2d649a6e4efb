import { here } from '../../life/lazy.ts';
import * as structured from '../events/cloud-events.ts';
import * as devices from '../foreign/devices.ts';

/** Reads events that are CloudEvents in one JSON object. */
export const cloudEvents = here(structured);
/** Devices that someone else designed. */
export const foreign = here(devices);
