import { here } from '../../life/lazy.ts';
import * as transport from '../transport.ts';

/** Calls and subscribes. */
export const transports = here(transport);
