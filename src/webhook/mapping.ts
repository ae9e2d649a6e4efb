import { checkForeign } from '#contract-check';
import { checkMappings } from '../guard/check-mappings.ts';
import type { ReadContext } from '../guard/mapped-sink.ts';
import type { Contract } from '../core/contract.ts';
import { printable } from '../peer/text/printable.ts';

/** How an event of the contract is one of a sender that someone else designed. */
export interface WebhookEventMapping {
  /** The sender's spelling of the type: `orders/create`, or several. @default the contract's type, in any spelling that no other event has */
  readonly type?: string | readonly string[];
  /**
   * Returns the payload of a webhook, or a list of payloads, or `undefined` if this webhook is not the event. If it throws, it refuses the
   * webhook. `context` tells of gaps, such as those that the sender speaks of. @default what the scheme says
   */
  readonly read?: (data: unknown, webhook: WebhookInfo, context: ReadContext) => unknown;
}

/** A webhook, apart from what it carries. */
export interface WebhookInfo {
  /** Its types, in the sender's spelling. */
  readonly types: readonly string[];
  /** The same for each attempt; made up if the sender gives none. */
  readonly id: string;
  /** When it happened, ISO 8601. */
  readonly time: string;
  /** A header by its name in any case. */
  readonly header: (name: string) => string | undefined;
}

const MAX_TYPE = 256;

/** Which events of a contract the types of a sender are. */
export class EventTypes {
  readonly #exact = new Map<string, string[]>();
  /** Types without case and separators; of several events that are the same so, all of them. */
  readonly #folded = new Map<string, string[]>();
  private readonly mappings: Readonly<Record<string, WebhookEventMapping>>;

  /** Throws a `TypeError` for a name that the contract does not have. */
  constructor(contract: Contract, mappings: Readonly<Record<string, WebhookEventMapping>>) {
    this.mappings = mappings;
    checkMappings('webhook: events', mappings, ['type', 'read']);
    checkForeign('webhook', contract, { events: mappings });
    for (const [name, { type }] of Object.entries(mappings)) {
      if (type === undefined) continue;
      const types = typeof type === 'string' ? [type] : type;
      if (!Array.isArray(types) || types.length === 0 || !types.every((each) => typeof each === 'string' && each !== ''))
        throw new TypeError(`webhook: events.${name}: type must be the sender's type, such as 'orders/create', or a list of them`);
      for (const each of types as readonly string[]) add(this.#exact, each, name);
    }
    for (const { name, type } of Object.values(contract.events)) {
      if (mappings[name]?.type !== undefined) continue;
      add(this.#exact, type, name);
      add(this.#folded, fold(type), name);
    }
  }

  /** The names of the events that a webhook is. */
  namesOf(types: readonly string[]): ReadonlySet<string> {
    return new Set(types.flatMap((type) => this.#exact.get(type) ?? this.#foldedOf(type)));
  }

  read(name: string): WebhookEventMapping['read'] {
    return this.mappings[name]?.read;
  }

  /** Why a type is none of the contract's events. */
  why(type: string): string {
    const alike = this.#folded.get(fold(type)) ?? [];
    return alike.length > 1 ? `it could be ${alike.join(' or ')}` : 'the contract has no such event';
  }

  #foldedOf(type: string): readonly string[] {
    if (type.length > MAX_TYPE) return [];
    const found = this.#folded.get(fold(type)) ?? [];
    return found.length === 1 ? found : [];
  }
}

/** `orders/create`, `ORDERS_CREATE`, `ordersCreate` and `orders.create` are one. */
function fold(type: string): string {
  return type
    .slice(0, MAX_TYPE)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');
}

function add(map: Map<string, string[]>, key: string, name: string): void {
  const names = map.get(key);
  if (names) names.push(name);
  else map.set(key, [name]);
}

/** A sender's type as it may stand in a message. */
export function shownType(types: readonly string[]): string {
  return printable(types.at(-1) ?? '', 100);
}
