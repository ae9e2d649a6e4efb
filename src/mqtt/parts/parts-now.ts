import { here } from '../../life/lazy.ts';
import * as devices from '../foreign/devices.ts';

/** Devices that someone else designed. */
export const foreign = here(devices);
