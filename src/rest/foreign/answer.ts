import type { Contract, Operation } from '../../core/contract.ts';
import { shapeOf } from '../../core/shape.ts';
import { lazy } from '../../life/lazy.ts';
import { ApiError, isApiError } from '../../core/errors.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import type { HttpClient, HttpExchange } from '../../http/client/http-client.ts';
import { isObject } from '../../peer/error-body.ts';
import { parseJson, tryParseJson } from '../../peer/json.ts';
import { WireBytes } from '../../schema/codec/wire-bytes.ts';
import { answerBodyOf } from '../files/bodies.ts';
import { readAnswer as readFile } from '../files/transfer.ts';
import { recordOf } from './failure.ts';
import { isText, isXml } from './style.ts';
import type { XmlOutput } from './xml.ts';
import type { AnswerPath, RestAnswer, RestOperation } from './mapping.ts';

/** Few APIs speak XML. */
const xml = lazy(() => import('./xml.ts'));

/** The content of an answer, before the output is taken from it. */
export interface ForeignAnswer {
  readonly value: unknown;
  /** The text of which it was made, if it was text. */
  readonly text?: string;
  /** Takes the output from XML. */
  readonly xml?: XmlOutput | undefined;
  readonly head: RestAnswer;
}

/** Reads the body of an answer that succeeded. Rejects with DATA_LOSS for what it cannot be. */
export async function readAnswer(
  http: HttpClient,
  exchange: HttpExchange,
  response: FetchResponse,
  { contract, operation }: { readonly contract: Contract; readonly operation: Operation },
  { answer, output: take, isError }: RestOperation,
): Promise<ForeignAnswer> {
  const { name, output } = operation;
  const type = response.headers.get('content-type') ?? '';
  const head = { status: response.status, headers: recordOf(response.headers.entries()) };
  const file = take === undefined && answerBodyOf(operation);
  if (file && file.isFile) return { value: await readFile(file, response, http, exchange), head };
  const kind = (file && answer === 'xml' ? 'bytes' : answer) ?? kindOf(type, operation, take);
  if (kind === 'bytes' && output) return { value: WireBytes.share(await http.bytes(response, exchange)), head };
  if (kind === 'xml') {
    const { parseText, xmlOutput } = await xml();
    try {
      const text = await readXmlText(http, exchange, response);
      const value = parseText(text);
      return { value, text, head, xml: xmlOutput(contract, operation, value) };
    } catch (error) {
      throw isApiError(error) && error.code === 'INVALID_ARGUMENT' ? notThat(name, error.text, error) : error;
    }
  }
  const text = await http.text(response, exchange);
  if (kind === 'text') {
    const value = answer === undefined && wantsJson(operation, take) ? tryParseJson(text) : undefined;
    if (value !== undefined) return { value, text, head };
    // A page comes from another program, such as a proxy's sign-in, unless text is wanted.
    if (answer === undefined && /^text\/html/i.test(type) && typeof take !== 'function')
      throw notThat(name, `the server answered ${type}: is the url right?`);
    return { value: text, text, head };
  }
  if (text === '' || !(output || isError)) return { value: undefined, text, head };
  try {
    return { value: parseJson(text), text, head };
  } catch (cause) {
    if (!output) return { value: text, text, head };
    throw notThat(name, 'the reply is not JSON', cause);
  }
}

/** Reads an error as XML, or as text if it is not. */
export async function readXmlError(
  http: HttpClient,
  exchange: HttpExchange,
  response: FetchResponse,
): Promise<{ readonly text: string; readonly value: unknown }> {
  const { parseText } = await xml();
  const ifXml = (error: unknown): string => {
    if (isApiError(error) && error.code === 'INVALID_ARGUMENT') return '';
    throw error;
  };
  const text = await readXmlText(http, exchange, response).catch(ifXml);
  try {
    return { text, value: parseText(text) };
  } catch {
    return { text, value: text };
  }
}

/** The text of XML, which may say its encoding itself. */
async function readXmlText(http: HttpClient, exchange: HttpExchange, response: FetchResponse): Promise<string> {
  const { decodeXml } = await xml();
  const text = decodeXml(await http.bytes(response, exchange, false), response.headers.get('content-type') ?? '');
  http.tell(response, text);
  return text;
}

/** A function, and a contract that wants one value, get XML as the text that it is. */
function kindOf(type: string, { output }: Operation, take: RestOperation['output']): 'json' | 'xml' | 'text' | 'bytes' {
  if (type === '' || /^[^;]*json/i.test(type)) return 'json';
  if (isXml(type) && output && typeof take !== 'function' && (take !== undefined || shapeOf(output).kind !== 'scalar')) return 'xml';
  return isText(type) ? 'text' : 'bytes';
}

/** Whether an answer that calls itself text may be JSON all the same, as of servers that set no type: for a place in it, an object or a list. */
function wantsJson({ output }: Operation, take: RestOperation['output']): boolean {
  if (!output || typeof take === 'function') return false;
  const { kind } = shapeOf(output);
  return take !== undefined || kind === 'object' || kind === 'list' || kind === 'record';
}

/** The output in an answer. */
export function outputOf({ name }: Operation, { output }: RestOperation, { value, head, xml: read }: ForeignAnswer): unknown {
  if (typeof output !== 'function') return read ? read.fit(read.take(output)) : output === undefined ? value : atPath(value, output);
  try {
    const found = output(value, head);
    return read ? read.fit(found) : found;
  } catch (cause) {
    throw ApiError.from(cause, 'DATA_LOSS', `${name}: the mapping's 'output' cannot read the answer`, { remote: true });
  }
}

/** A step into an answer; `undefined` if there is nothing there. */
export function atPath(value: unknown, path: AnswerPath): unknown {
  if (path === '') return value;
  if (typeof path === 'string') {
    // A name may have dots itself: `@odata.nextLink`.
    if (isObject(value) && Object.hasOwn(value, path)) return value[path];
    return atPath(value, path.split('.'));
  }
  let at = value;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}

function notThat(name: string, why: string, cause?: unknown): ApiError {
  return new ApiError('DATA_LOSS', `${name}: ${why}`, { remote: true, cause });
}
