import { here } from '../../life/lazy.ts';
import * as form from '../codec/binary-form.ts';
import * as transport from './transport.ts';

/** The transport, with the description of the contract and messages in JSON. */
export const transports = here(transport);
/** Messages in protobuf. */
export const binary = here(form);
