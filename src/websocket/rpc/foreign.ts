import { plainText } from '../../peer/text/plain-text.ts';
import { checkMappings } from '../../guard/check-mappings.ts';
import { takerOfMapped, type ReadContext, type TakeMapped } from '../../guard/mapped-sink.ts';
import type { Operation } from '../../core/contract.ts';
import { own } from '../../core/own.ts';
import { ApiError, isErrorCode, type ErrorCode, type JsonObject } from '../../core/errors.ts';
import type { EventSink, EventRequest } from '../../core/transport.ts';
import { codeOfStatus } from '../../http/message/status.ts';
import { cancelled, onAbort, throwIfCancelled } from '../../life/lifetime.ts';
import { reporter } from '../../life/report.ts';
import { codeOfRpc } from '../../peer/json-rpc.ts';
import type { OnWire } from '../../peer/on-wire.ts';
import {
  checkSession,
  dialogueOpener,
  type DialogueCarrier,
  type DialogueOptions,
  type OpenSocket,
  type RpcFrames,
  type SocketSession,
} from '../dialogue.ts';
import { isObject } from '../wire.ts';

/** An operation of a JSON-RPC peer that someone else designed. */
export interface RpcOperationMapping {
  /** The peer's name for it: `eth_getBalance`. @default the operation's own */
  readonly method?: string;
  /** Members of the input that are positional parameters, in order; those missing at the end are left out. @default the input by name */
  readonly params?: readonly string[];
  /** Makes the parameters, a list or an object, of the input; then `params` is not used. */
  readonly input?: (input: unknown) => unknown;
  /** Makes the output of the result. @default as it is */
  readonly output?: (result: unknown) => unknown;
  /** Whether the peer gives no answer: the call is done when it was sent, and has no output. @default false */
  readonly notify?: boolean;
}

/** An event of a JSON-RPC peer that someone else designed: its notifications. */
export interface RpcEventMapping {
  /** The method of the notifications: `eth_subscription`. */
  readonly notification: string;
  /** The call that begins them: `eth_subscribe`; without one they come by themselves. */
  readonly subscribe?: string;
  /** Makes the parameters of that call of the channel's parameters; it may be asynchronous, to sign. @default those by name, if there are any */
  readonly input?: (params: JsonObject) => unknown;
  /** The call that ends them: `eth_unsubscribe`. It is left out while another subscription would end with it. */
  readonly unsubscribe?: string;
  /** Makes the parameters of that call of the channel's parameters and of what `subscribe` gave. @default what `subscribe` gave, as the only positional one */
  readonly unsubscribeInput?: (params: JsonObject, key: unknown) => unknown;
  /** The member of a notification's parameters that must be what the subscribing call gave: `subscription`. @default all notifications are heard */
  readonly key?: string;
  /**
   * Takes the payload, or a list of payloads, out of a notification's parameters; `undefined` says that it is not for this subscriber. An
   * `ApiError` that it throws ends the subscription; another error is reported, and ends nothing. `context` tells of gaps. @default the parameters
   */
  readonly read?: (params: unknown, channel: JsonObject, context: ReadContext) => unknown;
}

/** How a JSON-RPC peer that someone else designed speaks. */
export interface RpcMapping {
  readonly operations: Readonly<Record<string, RpcOperationMapping>>;
  readonly events: Readonly<Record<string, RpcEventMapping>>;
  /** The notification that cancels a call, with its `id`: `$/cancelRequest`. */
  readonly cancel: string | undefined;
  /** A method that any answer to is a sign of life. */
  readonly ping: string | undefined;
  /** The meaning of the peer's own error codes. */
  readonly errorCode:
    | ((error: { readonly code: number | string | undefined; readonly message: string; readonly data: unknown }) => ErrorCode | undefined)
    | undefined;
  readonly session: SocketSession | undefined;
  /** How its frames differ from those of JSON-RPC. */
  readonly frames: RpcFrames | undefined;
  /** Hears of notifications that cannot be read. */
  readonly onError: ((error: unknown) => void) | undefined;
}

/** A JSON-RPC peer that someone else designed. */
export class ForeignPeer {
  readonly mapping: RpcMapping;

  /** Throws a `TypeError` for a member that a mapping cannot have. */
  constructor(mapping: RpcMapping) {
    this.mapping = mapping;
    checkSession(mapping);
    checkMappings('webSocket: operations', mapping.operations, ['method', 'params', 'input', 'output', 'notify']);
    checkMappings('webSocket: events', mapping.events, [
      'notification',
      'subscribe',
      'input',
      'unsubscribe',
      'unsubscribeInput',
      'key',
      'read',
    ]);
  }

  /** Opens connections, if the peer wants more of them than calls and events. */
  opener(
    open: DialogueCarrier['open'],
    inTime: DialogueCarrier['inTime'],
    { url, connectTimeoutMs, onWire }: { readonly url: string; readonly connectTimeoutMs: number; readonly onWire: OnWire | undefined },
  ): OpenSocket | undefined {
    const { session, frames, onError, ping } = this.mapping;
    const onFrame: DialogueOptions['onFrame'] = (direction, body) =>
      onWire?.({ protocol: 'websocket', direction, start: 'frame', headers: {}, body });
    return session || frames
      ? dialogueOpener({ open, inTime, url, connectTimeoutMs, session, frames, onError, asks: ping !== undefined, onFrame })
      : undefined;
  }

  /** A call as the peer knows it. */
  requestOf({ name }: Operation, input: unknown): { readonly method: string; readonly params: unknown; readonly notify: boolean } {
    const { method = name, params, input: make, notify = false } = own(this.mapping.operations, name) ?? {};
    return { method, params: make ? make(input) : params ? positional(params, input) : input, notify };
  }

  /** The result of a call. */
  outputOf({ name }: Operation, result: unknown): unknown {
    const { output } = own(this.mapping.operations, name) ?? {};
    try {
      return output ? output(result) : result;
    } catch (cause) {
      throw ApiError.from(cause, 'DATA_LOSS', `${name}: the mapping's 'output' cannot read the result`, { remote: true });
    }
  }

  /** An error of the peer: its own code and data are in the details. */
  errorOf(value: unknown): ApiError {
    const { code, message, data } = isObject(value) ? value : {};
    const text = typeof message === 'string' ? message : 'the peer gave no reason';
    const given = typeof code === 'number' || typeof code === 'string' ? code : undefined;
    let mapped: ErrorCode | undefined;
    try {
      mapped = this.mapping.errorCode?.({ code: given, message: text, data });
    } catch (cause) {
      return ApiError.from(cause, 'DATA_LOSS', `the mapping's 'errorCode' cannot read an error: ${text}`, { remote: true });
    }
    const details = { ...(code !== undefined && { code }), ...(data !== undefined && { data }) };
    return new ApiError(mapped ?? codeOf(code), text, { details, remote: true });
  }

  /** The subscriptions of one connection. */
  events(caller: Caller): ForeignEvents {
    return new ForeignEvents(this.mapping, caller);
  }
}

function positional(names: readonly string[], input: unknown): unknown[] {
  const members = isObject(input) ? input : {};
  const values = names.map((name) => members[name]);
  while (values.length > 0 && values.at(-1) === undefined) values.pop();
  return values;
}

/** Codes that more than one peer gives. Sources: https://eips.ethereum.org/EIPS/eip-1474, https://microsoft.github.io/language-server-protocol/specification#errorCodes */
const CODES: Readonly<Record<number, ErrorCode>> = {
  [-32004]: 'UNIMPLEMENTED',
  [-32005]: 'RESOURCE_EXHAUSTED',
  [-32800]: 'CANCELLED',
  [-32801]: 'ABORTED',
  [-32802]: 'UNAVAILABLE',
};

function codeOf(code: unknown): ErrorCode {
  if (isErrorCode(code)) return code;
  if (typeof code !== 'number') return 'UNKNOWN';
  // Some give statuses of HTTP.
  return CODES[code] ?? (code >= 400 && code < 600 ? codeOfStatus(code) : codeOfRpc(code));
}

/** The functions that subscriptions need of their connection. */
export interface Caller {
  request(method: string, params: unknown): { readonly result: Promise<unknown>; readonly cancel: () => void };
  notify(method: string, params: unknown): void;
  /** Called when the last subscription ends. */
  rest(): void;
  /** Runs something once those who connected have begun to listen. */
  soon(run: () => void): void;
}

interface Live {
  readonly mapping: RpcEventMapping;
  readonly params: JsonObject;
  readonly sink: EventSink;
  readonly take: TakeMapped;
  /** The output of the subscribing call. */
  readonly key: unknown;
  /** The call that ends it, as text, to tell whether another subscription has the same. */
  readonly ending: string | undefined;
  release(): void;
}

/** Notifications that may be for a subscription which is about to be made, or whose call has not been answered yet. */
const MAX_EARLY = 1000;

/** The subscriptions of one connection to a foreign peer. */
export class ForeignEvents {
  readonly #live = new Set<Live>();
  #early: { readonly method: string; readonly params: unknown }[] = [];
  #pending = 0;
  /** A subscriber that connected to listen is about to begin, so messages that came with the connection are for it. */
  #isNew = true;

  private readonly mapping: RpcMapping;
  private readonly caller: Caller;

  constructor(mapping: RpcMapping, caller: Caller) {
    this.mapping = mapping;
    this.caller = caller;
    caller.soon(() => {
      this.#isNew = false;
      this.#forget();
    });
  }

  get size(): number {
    return this.#live.size + this.#pending;
  }

  async subscribe({ event, params, lastEventId, signal }: EventRequest, sink: EventSink): Promise<void> {
    const mapping = own(this.mapping.events, event.name);
    if (!mapping)
      throw new ApiError('UNIMPLEMENTED', `the mapping has no event '${event.name}': list it in the option 'events'`, { sent: false });
    const { subscribe, unsubscribe, unsubscribeInput, input } = mapping;
    const report = reporter(this.mapping.onError);
    // It is called when nobody waits any more, who could be told that the hook throws.
    const leave = (tell: (method: string, params: unknown) => void): void => {
      if (unsubscribe === undefined) return;
      try {
        tell(unsubscribe, unsubscribeInput ? unsubscribeInput(params, key) : [key]);
      } catch (error) {
        report(error);
      }
    };
    let key: unknown;
    if (subscribe !== undefined) {
      const given = input ? await input(params) : Object.keys(params).length > 0 ? params : undefined;
      throwIfCancelled(signal);
      this.#pending++;
      const { result, cancel } = this.caller.request(subscribe, given);
      const unlink = onAbort(signal, cancel);
      try {
        key = keyOf(await result);
      } finally {
        unlink();
        this.#pending--;
      }
      if (signal.aborted) {
        leave((method, given) => this.caller.notify(method, given));
        throw cancelled(signal);
      }
    }
    // Such peers keep nothing.
    if (lastEventId !== undefined) sink.gap();
    let ending: string | undefined;
    leave((...told) => (ending = JSON.stringify(told)));
    const live: Live = {
      mapping,
      params,
      sink,
      take: takerOfMapped(event.name, sink, report, true),
      key,
      ending,
      release: () => unlink(),
    };
    this.#live.add(live);
    let unlink = (): void => {};
    unlink = onAbort(signal, () => {
      if (!this.#live.delete(live)) return;
      const isShared = [...this.#live].some((each) => each.ending !== undefined && each.ending === ending);
      if (key !== undefined && !isShared) leave((method, given) => void this.caller.request(method, given).result.catch(() => {}));
      this.caller.rest();
    });
    const early = this.#early;
    this.#forget();
    for (const each of early) this.#give(live, each.method, each.params);
  }

  #forget(): void {
    if (this.#pending === 0 && !this.#isNew) this.#early = [];
  }

  /** Takes a notification; false if nobody listens to it. */
  notified(method: string, params: unknown): boolean {
    if ((this.#pending > 0 || this.#isNew) && this.#early.length < MAX_EARLY) this.#early.push({ method, params });
    let isHeard = false;
    for (const live of [...this.#live]) if (this.#give(live, method, params)) isHeard = true;
    return isHeard;
  }

  /** The connection is gone; or, with a method, a notification of it cannot be read, which may have been for any of those who listen to it. */
  lost(error: ApiError, method?: string): void {
    if (method === undefined) this.#early = [];
    for (const live of [...this.#live]) {
      if (method !== undefined && method !== live.mapping.notification) continue;
      this.#live.delete(live);
      live.release();
      live.sink.end(error);
    }
  }

  #give({ mapping, params: channel, take, key }: Live, method: string, params: unknown): boolean {
    if (method !== mapping.notification) return false;
    if (mapping.key !== undefined && !isSame(isObject(params) ? params[mapping.key] : undefined, key)) return false;
    return take((context) => (mapping.read ? mapping.read(params, channel, context) : params));
  }
}

/** The key in what a subscribing call gave: the result itself, or its member `subscription` or `id`. */
function keyOf(result: unknown): unknown {
  return isObject(result) ? (result['subscription'] ?? result['id'] ?? result) : result;
}

/** Some peers give a number and notify with text. */
function isSame(one: unknown, other: unknown): boolean {
  return one !== undefined && other !== undefined && plainText(one) === plainText(other);
}
