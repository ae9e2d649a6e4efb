import type { Contract, EventDefinition, Events } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import { own } from '../core/own.ts';
import type { Checks } from '../guard/checks.ts';
import { converterOf } from '../schema/codec/codec.ts';
import type { Checked } from '../schema/validate.ts';
import type { HubLink } from './hub-link.ts';
import { breach } from './outcomes.ts';
import type { InTransaction, Publish } from './types.ts';
import { isPromiseLike } from '../life/maybe.ts';

/** Brings events from application form to the hub: encoded and checked. */
export class Publisher {
  private readonly contract: Contract;
  private readonly checks: Checks;
  private readonly hub: HubLink;

  constructor(contract: Contract, checks: Checks, hub: HubLink) {
    this.contract = contract;
    this.checks = checks;
    this.hub = hub;
  }

  readonly publish: Publish<Events> = (name, data, options) => {
    try {
      const event = own(this.contract.events, name);
      if (!event) throw new TypeError(`the contract ${this.contract.name} has no event '${name}'`);
      if (this.hub.isOver) throw new ApiError('UNAVAILABLE', `${event.name} was not published: the service is closed`);
      const encoded = converterOf(event.payload)?.encode(data) ?? { value: data };
      if (isPromiseLike(encoded)) return encoded.then((settled) => this.publishWire(event, settled, options));
      return this.publishWire(event, encoded, options);
    } catch (error) {
      return Promise.reject(error);
    }
  };

  /** As `publish`, for data in wire form. */
  publishWire(event: EventDefinition, encoded: Checked, options?: Partial<InTransaction>): Promise<void> {
    const checked = encoded.issues ? encoded : this.checks.ofSchema(event.payload)(encoded.value);
    return isPromiseLike(checked) ? checked.then((settled) => this.#send(event, settled, options)) : this.#send(event, checked, options);
  }

  #send(event: EventDefinition, checked: Checked, options: Partial<InTransaction> | undefined): Promise<void> {
    if (checked.issues) throw breach(`the event ${event.name} breaks the contract`, checked.issues);
    const transaction = options?.transaction;
    return transaction === undefined ? this.hub.publish(event, checked.value) : this.hub.publishIn(transaction, event, checked.value);
  }
}
