import type { ApiError } from '../../core/errors.ts';
import { eventStreamHead } from '../../http/events/event-stream.ts';
import { encodeSseComment } from '../../http/events/sse.ts';
import { encodeError } from '../wire.ts';

/** How the responses of one subscription are written as the body of an HTTP response. */
export interface Framing {
  head(requestId: string | undefined): Record<string, string>;
  /** Written before everything else. */
  readonly opening: string;
  /** Keeps an idle stream open. */
  readonly beat: string;
  next(payload: string): string;
  /** The last of a stream, with its error if it has one. */
  end(error: ApiError | undefined): string;
}

const COMPLETE = 'event: complete\ndata: \n\n';

/** Source: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode */
export const sseFraming: Framing = {
  head: eventStreamHead,
  opening: encodeSseComment(),
  beat: encodeSseComment(),
  next: (payload) => `event: next\ndata: ${payload}\n\n`,
  end: (error) => (error ? sseFraming.next(encodeEnd(error)) : '') + COMPLETE,
};

const BOUNDARY = 'graphql';
const DELIMITER = `\r\n--${BOUNDARY}`;

/** Each part ends with the next delimiter, because readers take it for complete only then. */
function part(json: string): string {
  return `\r\ncontent-type: application/json\r\n\r\n${json}${DELIMITER}`;
}

/** Source: https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol */
export const multipartFraming: Framing = {
  head: (requestId) => ({
    ...eventStreamHead(requestId),
    'content-type': `multipart/mixed;boundary="${BOUNDARY}";subscriptionSpec=1.0`,
  }),
  opening: DELIMITER + part('{}'),
  beat: part('{}'),
  next: (payload) => part(`{"payload":${payload}}`),
  end: (error) => (error ? part(JSON.stringify({ payload: null, errors: [encodeError(error.toJSON())] })) : '') + '--\r\n',
};

/** The response that ends a subscription with an error; it says so, because other errors end nothing. */
function encodeEnd(error: ApiError): string {
  return JSON.stringify({ errors: [encodeError(error.toJSON())], extensions: { end: true } });
}
