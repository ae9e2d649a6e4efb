import { here } from '../../life/lazy.ts';
import * as feed from '../events/feed.ts';
import * as devices from '../foreign/devices.ts';
import * as transport from '../transport.ts';

/** Calls and subscribes, with mqtt.js. */
export const transports = here(transport);
/** Reads events. */
export const feeding = here(feed);
/** Devices that someone else designed. */
export const foreign = here(devices);
