import { answerer } from '../serve/answer.ts';
import { HTTP_NAMES, HTTP_READERS, type HttpOptions } from '../serve/cors.ts';
import type { FetchCaller } from './caller.ts';
import { FetchRequest } from './request.ts';
import type { HttpHandler, HttpResponse, HttpStream, HttpWriter } from '../message/message.ts';
import { problemOf } from '../message/problem.ts';
import { readOptions } from '../../core/options.ts';
import { Latch } from '../../life/latch.ts';
import { reporter } from '../../life/report.ts';

export type { FetchCaller } from './caller.ts';

/** A handler for edge runtimes, Hono, Next.js, Deno and Bun. */
export interface FetchHandler {
  (request: Request, info?: FetchCaller): Promise<Response>;
}

/** Serves a handler on platforms with `Request`, with the same limits and errors as on Node's own server. */
export function fetchHandler(handler: HttpHandler, options: HttpOptions = {}): FetchHandler {
  const read = readOptions('fetchHandler', options, HTTP_READERS, HTTP_NAMES);
  const { bodyTimeoutMs } = read;
  const onError = reporter(read.onError);
  const answer = answerer(handler, read);
  return async (raw, info) => {
    const request = new FetchRequest(raw, info, bodyTimeoutMs);
    const response = await new Promise<HttpResponse>((resolve) => answer(request, resolve));
    try {
      return toResponse(request, response);
    } catch (error) {
      request.release();
      return toResponse(request, problemOf(error, onError));
    }
  };
}

function toResponse(request: FetchRequest, response: HttpResponse): Response {
  const made = bareResponse(request, response);
  for (const cookie of response.cookies ?? []) made.headers.append('set-cookie', cookie);
  return made;
}

function bareResponse(request: FetchRequest, { status, headers, body }: HttpResponse): Response {
  const isBare = request.method === 'HEAD' || status === 204 || status === 304;
  if (typeof body === 'function') {
    if (isBare) request.release();
    return new Response(isBare ? null : streamOf(request, body), { status, headers, ...AS_IT_IS });
  }
  request.release();
  if (body === undefined || status === 204 || status === 304) return new Response(null, { status, headers });
  const bytes = bytesOf(body);
  // Not every host tells the length by itself, and a client of Connect sees by it that a stream never began.
  return new Response(isBare ? null : bytes, { status, headers: { ...headers, 'content-length': String(bytes.byteLength) }, ...AS_IT_IS });
}

/** Workers would compress a body again that its head says is compressed. Source: https://developers.cloudflare.com/workers/runtime-apis/response/ */
const AS_IT_IS = { encodeBody: 'manual' };

const encoder = new TextEncoder();

/** A string would get a content type that the handler did not choose. */
function bytesOf(body: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof body === 'string' ? encoder.encode(body) : (body as Uint8Array<ArrayBuffer>);
}

function streamOf(request: FetchRequest, stream: HttpStream): ReadableStream<Uint8Array<ArrayBuffer>> {
  let writer: StreamWriter | undefined;
  return new ReadableStream(
    {
      pull: () => writer?.taken(),
      start(controller) {
        writer = new StreamWriter(controller, () => request.release());
        request.onAbort(() => writer?.end());
        stream(writer);
      },
      cancel: () => request.leave(),
    },
    // The size of the queue is then what the caller has not taken yet.
    { highWaterMark: 0, size: (chunk) => chunk.byteLength },
  );
}

class StreamWriter implements HttpWriter {
  readonly #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  readonly #release: () => void;
  readonly #onClose: (() => void)[] = [];
  readonly #room = new Latch();
  #isOver = false;

  constructor(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>, release: () => void) {
    this.#controller = controller;
    this.#release = release;
  }

  get bufferedBytes(): number {
    return this.#isOver ? 0 : -(this.#controller.desiredSize ?? 0);
  }

  write(chunk: string | Uint8Array): void {
    // An empty piece would look like the end to some readers.
    if (!this.#isOver && chunk.length > 0) this.#controller.enqueue(bytesOf(chunk));
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      this.#controller.close();
    } catch {
      // The caller cancelled the stream, which closed it.
    }
    this.#over();
  }

  cut(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.error(new Error('the stream broke off'));
    this.#over();
  }

  drained(): Promise<void> | undefined {
    if (this.#isOver || this.bufferedBytes === 0) return undefined;
    return this.#room.wait();
  }

  /** The reader wants more. */
  taken(): void {
    this.#room.release();
  }

  #over(): void {
    this.taken();
    this.#release();
    for (const listener of this.#onClose) listener();
  }

  onClose(listener: () => void): void {
    if (this.#isOver) listener();
    else this.#onClose.push(listener);
  }

  onStop(): void {
    // The platform stops as it likes and says nothing before.
  }
}
