import { openStream } from '../../life/open-stream.ts';
import { type ApiError, clientClosed } from '../../core/errors.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import type { HttpClient } from '../../http/client/http-client.ts';
import { isEventStream, readStream, streamOf, type StreamDecoder } from '../../http/events/sse-reader.ts';
import { SseDecoder } from '../../http/events/sse.ts';
import { deliverSent, takerOf } from '../event-message.ts';
import { failureOf, readReply } from '../reply.ts';
import type { Subscribing, Subscriptions } from '../socket/settings.ts';
import { decodeFailure, EVENT_STREAM_TYPE, JSON_TYPE, MULTIPART_TYPE } from '../wire.ts';
import { boundaryOf, PartsDecoder } from './parts.ts';

/** The functions that streams need of the client. */
export interface StreamSettings {
  readonly url: string;
  /** How long one event may be, in characters. */
  readonly maxEventChars: number | undefined;
  readonly http: HttpClient;
  /** Gets the errors of single events. */
  readonly onEventError: (error: ApiError) => void;
}

/** How one subscription's responses come. */
interface StreamForm {
  readonly accept: string;
  /** `undefined` for a response that is not such a stream. */
  decoderOf(response: FetchResponse, maxEventChars: number | undefined): StreamDecoder | undefined;
}

/** The forms that a client can ask for. */
export const STREAM_FORMS = {
  /** Source: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md */
  sse: {
    accept: EVENT_STREAM_TYPE,
    decoderOf: (response, maxEventChars) => (isEventStream(response) ? new SseDecoder({ maxEventChars }) : undefined),
  },
  /** Source: https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol */
  multipart: {
    accept: `${MULTIPART_TYPE}, ${JSON_TYPE}`,
    decoderOf({ headers }, maxEventChars) {
      const boundary = boundaryOf(headers.get('content-type'));
      return boundary === undefined ? undefined : new PartsDecoder(boundary, maxEventChars);
    },
  },
} as const satisfies Readonly<Record<string, StreamForm>>;

/** Subscriptions as streamed responses, each in one of its own. */
export class EventStreamSubscriptions implements Subscriptions {
  readonly #open = new Set<AbortController>();

  private readonly settings: StreamSettings;
  private readonly form: StreamForm;

  constructor(settings: StreamSettings, form: StreamForm) {
    this.settings = settings;
    this.form = form;
  }

  /** Resolves when the response has begun, which says that the subscription stands. */
  async open(asked: Subscribing): Promise<void> {
    const { headers, payload, signal, sink } = asked;
    const { url, http, onEventError } = this.settings;
    const take = takerOf(asked, onEventError);
    const { controller, release } = openStream(signal, this.#open);
    try {
      const response = await http.open({
        method: 'POST',
        url,
        headers: { ...headers, accept: this.form.accept, 'content-type': JSON_TYPE },
        body: JSON.stringify(payload),
        signal: controller.signal,
      });
      const decoder = this.form.decoderOf(response, this.settings.maxEventChars);
      if (response.status !== 200 || !decoder) throw await refusalOf(response);
      asked.tell(response);
      void readStream(streamOf(response), decoder, {
        name: 'the event stream',
        signal: controller.signal,
        onChunk: (text) => http.onChunk(text),
        onEvent: (message) => deliverSent(message, sink, take),
        onEnd: (error) => sink.end(error),
      }).finally(release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const controller of this.#open) controller.abort(clientClosed());
  }
}

/** Why a subscription did not begin. */
async function refusalOf(response: FetchResponse): Promise<ApiError> {
  const reply = readReply(response, await response.text().catch(() => ''));
  return failureOf(reply) ?? decodeFailure(reply.text, response.headers.get('location'), reply.notes);
}
