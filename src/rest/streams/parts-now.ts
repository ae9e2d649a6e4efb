import { here } from '../../life/lazy.ts';
import * as eventStream from './event-stream.ts';

/** Reads streams of events and items. */
export const streaming = here(eventStream);
