import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { answerer } from '../serve/answer.ts';
import { HTTP_NAMES, HTTP_READERS, type HttpOptions } from '../serve/cors.ts';
import type { HttpHandler, HttpResponse } from '../message/message.ts';
import { cutResponse } from './http2.ts';
import { NodeRequest } from './request.ts';
import { send, type OpenStreams } from './response.ts';
import { problemOf } from '../message/problem.ts';
import { readOptions, type OptionsInForce } from '../../core/options.ts';
import { reporter } from '../../life/report.ts';

/** A listener for the servers of `node:http`, `node:https` and `node:http2`, and for frameworks on top of Node. */
export interface NodeListener {
  (req: IncomingMessage | Http2ServerRequest, res: ServerResponse | Http2ServerResponse): void;
}

/** {@link HttpOptions}, and the caller. */
export interface NodeListenerOptions extends HttpOptions {
  /** Returns the caller as the host knows it, such as the user that its middleware found: `(req) => req.user`. `context` gets it as `peer.caller`; a promise is passed on unchanged. */
  readonly caller?: ((req: IncomingMessage) => unknown) | undefined;
}

/** A listener that can be told to stop. */
export interface StoppableListener {
  /** `awaitsContinue`: the caller sent `Expect: 100-continue` and has not been answered yet. */
  listen(req: IncomingMessage, res: ServerResponse, awaitsContinue?: boolean): void;
  /** From now on each response is its connection's last, and streams are told to end. */
  stop(): void;
}

/**
 * Serves a handler with Node's own HTTP server: `createServer(nodeListener(handler))`, or mounted in Express, Fastify, Koa.
 * Requests that the handler passes on get 404.
 */
export function nodeListener(handler: HttpHandler, options: NodeListenerOptions = {}): NodeListener {
  const { listen } = stoppableListener(handler, readOptions('nodeListener', options, HTTP_READERS, [...HTTP_NAMES, 'caller']));
  // The compatibility layer of HTTP/2 has the same members.
  return (req, res) => listen(req as IncomingMessage, res as ServerResponse);
}

/** The options with their defaults filled in. */
export type NodeListenerOptionsInForce = OptionsInForce<NodeListenerOptions, typeof HTTP_READERS>;

export function stoppableListener(handler: HttpHandler, options: NodeListenerOptionsInForce): StoppableListener {
  const { bodyTimeoutMs, caller } = options;
  const onError = reporter(options.onError);
  const answer = answerer(handler, options);
  const streams: OpenStreams = new Set();
  let isStopping = false;

  const respond = (request: NodeRequest, response: HttpResponse): void => {
    // Its caller may take a refusal for the outcome of a call that was never read.
    if (request.isCut) return void cutResponse(request.response);
    try {
      send(request, response, isStopping, streams);
    } catch (error) {
      const failure = problemOf(error, onError);
      if (!request.response.headersSent) send(request, failure, isStopping, streams);
      else request.response.end();
    }
  };

  return {
    listen(req, res, awaitsContinue = false) {
      const request = new NodeRequest(req, res, bodyTimeoutMs, caller);
      request.awaitsContinue = awaitsContinue;
      answer(request, (response) => respond(request, response));
    },
    stop() {
      isStopping = true;
      for (const stream of [...streams]) stream.stop();
    },
  };
}
