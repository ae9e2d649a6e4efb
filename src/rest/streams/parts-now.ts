import { here } from '../../life/lazy.ts';
import * as fields from '../calling/fields.ts';
import * as transfer from '../files/transfer.ts';
import * as foreignApi from '../foreign/transport.ts';
import * as eventStream from './event-stream.ts';

/** Reads streams of events and items. */
export const streaming = here(eventStream);
/** Asks for selected fields. */
export const fielding = here(fields);
/** Sends and reads bodies that are files or bytes. */
export const transferring = here(transfer);
/** Calls and subscriptions of APIs that someone else designed. */
export const foreign = here(foreignApi);
