import type { Operation } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import type { HttpClient, HttpExchange } from '../../http/client/http-client.ts';
import { isObject } from '../../peer/error-body.ts';
import { parseJson } from '../../peer/json.ts';
import { WireBytes } from '../../schema/codec/wire-bytes.ts';
import { answerBodyOf } from '../files/bodies.ts';
import { readAnswer as readFile } from '../files/transfer.ts';
import { recordOf } from './failure.ts';
import { isText } from './style.ts';
import type { AnswerPath, RestAnswer, RestOperation } from './mapping.ts';

/** The content of an answer, before the output is taken from it. */
export interface ForeignAnswer {
  readonly value: unknown;
  readonly head: RestAnswer;
}

/** Reads the body of an answer that succeeded. Rejects with DATA_LOSS for what it cannot be. */
export async function readAnswer(
  http: HttpClient,
  exchange: HttpExchange,
  response: FetchResponse,
  operation: Operation,
  { answer, output: take }: RestOperation,
): Promise<ForeignAnswer> {
  const { name, output } = operation;
  const type = response.headers.get('content-type') ?? '';
  const head = { status: response.status, headers: recordOf(response.headers.entries()) };
  const file = take === undefined && answerBodyOf(operation);
  if (file && file.isFile) return { value: await readFile(file, response, http, exchange), head };
  const kind = answer ?? kindOf(type);
  if (kind === 'bytes' && output) return { value: WireBytes.share(await http.bytes(response, exchange)), head };
  const text = await http.text(response, exchange);
  if (kind === 'text') {
    // A page comes from another program, such as a proxy's sign-in, unless text is wanted.
    if (answer === undefined && /^text\/html/i.test(type) && typeof take !== 'function')
      throw notThat(name, `the server answered ${type}: is the url right?`);
    return { value: text, head };
  }
  if (text === '' || !output) return { value: undefined, head };
  try {
    return { value: parseJson(text), head };
  } catch (cause) {
    throw notThat(name, 'the reply is not JSON', cause);
  }
}

function kindOf(type: string): 'json' | 'text' | 'bytes' {
  if (type === '' || /^[^;]*json/i.test(type)) return 'json';
  return isText(type) ? 'text' : 'bytes';
}

/** The output in an answer. */
export function outputOf({ name }: Operation, { output }: RestOperation, { value, head }: ForeignAnswer): unknown {
  if (typeof output !== 'function') return output === undefined ? value : atPath(value, output);
  try {
    return output(value, head);
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
