import type { Contract } from '../core/contract.ts';
import { clientClosed } from '../core/errors.ts';
import type { CallRequest, EventSink, SubscribeRequest, Transport } from '../core/transport.ts';
import { isPromiseLike } from '../life/maybe.ts';

/** A transport at once if it is here, else one that waits for it with its first call or subscription. `known` is what is known of it before. */
export function laterTransport(
  contract: Contract,
  name: string,
  make: () => Transport | Promise<Transport>,
  known: Pick<Transport, 'streamsFiles'> = {},
): Transport {
  const made = make();
  return isPromiseLike(made) ? new LaterTransport(contract, name, make, known, made) : made;
}

class LaterTransport implements Transport {
  #loading: Promise<Transport> | undefined;
  #isClosed = false;

  readonly contract: Contract;
  readonly name: string;
  readonly streamsFiles: boolean;
  private readonly make: () => Transport | Promise<Transport>;

  constructor(
    contract: Contract,
    name: string,
    make: () => Transport | Promise<Transport>,
    known: Pick<Transport, 'streamsFiles'>,
    loading: Promise<Transport>,
  ) {
    this.contract = contract;
    this.name = name;
    this.streamsFiles = known.streamsFiles === true;
    this.make = make;
    void this.#await(loading);
  }

  async call(request: CallRequest): Promise<unknown> {
    return (await this.#inner()).call(request);
  }

  async subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    return (await this.#inner()).subscribe(request, sink);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // A load that failed has nothing to close.
    await this.#loading?.then((transport) => transport.close()).catch(() => {});
  }

  #inner(): Promise<Transport> {
    if (this.#isClosed) throw clientClosed(false);
    return this.#loading ?? this.#await(Promise.resolve(this.make()));
  }

  /** A load that failed is tried again by the next use. */
  #await(loading: Promise<Transport>): Promise<Transport> {
    this.#loading = loading;
    loading.catch(() => {
      if (this.#loading === loading) this.#loading = undefined;
    });
    return loading;
  }
}
