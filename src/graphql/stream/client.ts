import { ApiError } from '../../core/errors.ts';
import type { FetchInit, FetchResponse } from '../../http/client/fetch-like.ts';
import { readSse, streamOf } from '../../http/events/sse-reader.ts';
import { onAbort } from '../../life/lifetime.ts';
import { deliverSent, takerOf } from '../event-message.ts';
import { failureOf, readReply } from '../reply.ts';
import type { Subscribing, Subscriptions } from '../socket/settings.ts';
import { decodeFailure, EVENT_STREAM_TYPE, JSON_TYPE } from '../wire.ts';

/** What streams need of the client. */
export interface StreamSettings {
  readonly url: string;
  readonly send: (url: string, init: FetchInit) => Promise<FetchResponse>;
  readonly onWire: (start: string, headers: Iterable<readonly [string, string]>, body: string | undefined) => void;
  /** Gets the errors of single events. */
  readonly onEventError: (error: ApiError) => void;
}

/** Subscriptions as server-sent events, each in a response of its own. Source: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md */
export class EventStreamSubscriptions implements Subscriptions {
  readonly #open = new Set<AbortController>();

  private readonly settings: StreamSettings;

  constructor(settings: StreamSettings) {
    this.settings = settings;
  }

  /** Resolves once the response has begun, which says that the subscription stands. */
  async open(asked: Subscribing): Promise<void> {
    const { headers, payload, signal, sink } = asked;
    const { url, send, onWire, onEventError } = this.settings;
    const take = takerOf(asked, onEventError);
    const controller = new AbortController();
    const unlink = onAbort(signal, () => controller.abort(signal.reason));
    this.#open.add(controller);
    const release = () => {
      unlink();
      this.#open.delete(controller);
      controller.abort(new ApiError('CANCELLED', 'the stream is over'));
    };
    try {
      const response = await send(url, {
        method: 'POST',
        headers: { ...headers, accept: EVENT_STREAM_TYPE, 'content-type': JSON_TYPE },
        body: JSON.stringify(payload),
        signal: controller.signal,
        redirect: 'manual',
      });
      onWire(`${response.status} ${response.statusText}`.trim(), response.headers.entries(), undefined);
      const isStream = response.headers.get('content-type')?.toLowerCase().startsWith(EVENT_STREAM_TYPE);
      if (response.status !== 200 || !isStream) throw await refusalOf(response);
      void readSse(streamOf(response), {
        name: 'the event stream',
        signal: controller.signal,
        onChunk: (text) => onWire('event stream', [], text),
        onEvent: (message) => deliverSent(message, sink, take),
        onEnd: (error) => sink.end(error),
      }).finally(release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const controller of this.#open) controller.abort(new ApiError('CANCELLED', 'the client is closed'));
  }
}

/** Why a subscription did not begin. */
async function refusalOf(response: FetchResponse): Promise<ApiError> {
  const reply = readReply(response, await response.text().catch(() => ''));
  return failureOf(reply) ?? decodeFailure(reply.text, response.headers.get('location'), reply.notes);
}
