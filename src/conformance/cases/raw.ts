import { ApiError } from '../../core/errors.ts';
import type { CallRequest, EventSink, SubscribeRequest, Transport } from '../../core/transport.ts';
import { conformanceContract } from '../contract.ts';

/** A transport that is not a service: nothing in it checks its values. */
export function rawTransport(verbs: {
  readonly call?: (request: CallRequest) => Promise<unknown>;
  readonly subscribe?: (request: SubscribeRequest, sink: EventSink) => Promise<void>;
}): Transport {
  const missing = async (): Promise<never> => {
    throw new ApiError('UNIMPLEMENTED', 'not part of this case');
  };
  return {
    contract: conformanceContract,
    name: 'raw',
    call: verbs.call ?? missing,
    subscribe: verbs.subscribe ?? missing,
    close: async () => {},
  };
}
