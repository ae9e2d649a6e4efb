import type { Contract } from '../../core/contract.ts';
import { HttpError } from '../../http/message/error.ts';
import type { HttpHandler, HttpRequest, HttpResponse, HttpWriter } from '../../http/message/message.ts';
import { problem } from '../../http/message/problem.ts';
import { checkHeaders } from '../../peer/headers.ts';
import { tryParseJson } from '../../peer/json.ts';
import { PROTOCOLS, type ProtocolName, type ServedAddresses } from '../../protocols.ts';
import { playgroundApp } from './app.ts';
import { describePlayground } from './describe.ts';
import { PAGE, STYLE } from './page.ts';
import { runMember, type RunRequest } from './run.ts';

/** Options of the playground. */
export interface PlaygroundOptions {
  /** Inputs that its page begins with, by operation. @default samples that are made of the types */
  readonly examples?: Readonly<Record<string, unknown>> | undefined;
}

/** The environment of the playground. */
export interface PlaygroundTarget extends PlaygroundOptions {
  readonly contract: Contract;
  readonly protocols: readonly ProtocolName[];
  /** The addresses of the service; absent until it listens. */
  readonly addresses: () => ServedAddresses | undefined;
  readonly onError: (error: unknown) => void;
}

const FOLDER = '/playground/';
const MAX_BODY_BYTES = 1024 * 1024;
/** How many calls and subscriptions may be under way at a time. */
const MAX_RUNS = 20;
/** A page that does not read so many bytes is left. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

// `frame-ancestors`: no other page can lure clicks onto it.
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"; // prettier-ignore

/** The program of the page. `__name` is what some compilers call in functions whose names they keep. */
const APP = `const __name = (it) => it;\n(${playgroundApp.toString()})();\n`;

/**
 * Answers `GET /` of a browser with a page that calls operations and watches events over any protocol. The page asks this server to do so, with the
 * protocol's own client and at the service's own addresses, because a page can neither speak gRPC nor receive webhooks.
 */
export function playgroundHandler(target: PlaygroundTarget): HttpHandler {
  let api: string | undefined;
  let runs = 0;
  return async (request) => {
    const { path, method } = request;
    if (path !== '/' && !path.startsWith(FOLDER)) return undefined;
    if (path === `${FOLDER}run`) {
      if (method !== 'POST') return refuse(path, 'POST', method);
      const run = await readRun(request, target);
      if (run === undefined) return problem(503, 'the server is starting', { 'retry-after': '1' });
      if (runs >= MAX_RUNS) return problem(429, `${MAX_RUNS} calls are under way`, { 'retry-after': '1' });
      runs++;
      return stream(target, run, () => void runs--);
    }
    const file = fileOf(path, () => (api ??= JSON.stringify(describePlayground(target.contract, target.protocols, target.examples ?? {}))));
    if (file === undefined) return undefined;
    if (path === '/' && !String(request.headers['accept'] ?? '').includes('text/html')) return undefined;
    return method === 'GET' || method === 'HEAD' ? file : refuse(path, 'GET, HEAD', method);
  };
}

function refuse(path: string, allow: string, method: string): HttpResponse {
  return problem(405, `${path} answers ${allow}, not ${method}`, { allow });
}

function fileOf(path: string, api: () => string): HttpResponse | undefined {
  switch (path) {
    case '/':
      return file('text/html', PAGE, { 'content-security-policy': POLICY, vary: 'accept', 'referrer-policy': 'no-referrer' });
    case `${FOLDER}app.js`:
      return file('text/javascript', APP);
    case `${FOLDER}style.css`:
      return file('text/css', STYLE);
    case `${FOLDER}api.json`:
      return file('application/json', api());
    default:
      return undefined;
  }
}

function file(type: string, body: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  const common = { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' };
  return { status: 200, headers: { ...common, ...headers }, body };
}

/** The request, and the address; `undefined` if nothing listens yet. */
async function readRun(request: HttpRequest, target: PlaygroundTarget): Promise<(RunRequest & { readonly url: string }) | undefined> {
  // A page of another origin would have to ask first before it may send this type.
  if (!/^application\/json\b/i.test(String(request.headers['content-type'] ?? ''))) throw new HttpError(415, 'send application/json');
  const body = tryParseJson(await request.text(MAX_BODY_BYTES));
  const { protocol, member, input, headers = {} } = typeof body === 'object' && body !== null ? (body as Partial<RunRequest>) : {};
  const name = target.protocols.find((each) => each === protocol);
  if (name === undefined || typeof member !== 'string' || typeof headers !== 'object' || headers === null)
    throw new HttpError(400, `protocol must be one of ${target.protocols.join(', ')}, and member the name of an operation or event`);
  try {
    checkHeaders(headers);
  } catch (error) {
    throw new HttpError(400, error instanceof Error ? error.message : 'wrong headers');
  }
  const addresses = target.addresses();
  return addresses && { protocol: name, member, input, headers, url: PROTOCOLS[name].urlOf(addresses) };
}

/** Runs it, and tells the page line by line, each of which is JSON. When the page leaves, the call is cancelled. */
function stream({ contract, onError }: PlaygroundTarget, { url, ...run }: RunRequest & { readonly url: string }, onOver: () => void): HttpResponse {
  const body = (writer: HttpWriter): void => {
    const stop = new AbortController();
    writer.onClose(() => stop.abort());
    writer.onStop(() => stop.abort());
    const report = (record: unknown): void => {
      if (writer.bufferedBytes > MAX_BUFFERED_BYTES) stop.abort();
      else writer.write(`${JSON.stringify(record)}\n`);
    };
    runMember(contract, url, run, stop.signal, report)
      .catch(onError)
      .finally(() => {
        onOver();
        writer.end();
      });
  };
  return { status: 200, headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }, body };
} // prettier-ignore
