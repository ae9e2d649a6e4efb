import { here } from '../../life/lazy.ts';
import * as structured from '../events/cloud-events.ts';

/** Reads events that are CloudEvents in one JSON object. */
export const cloudEvents = here(structured);
