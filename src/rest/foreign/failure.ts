import { ApiError, isErrorCode, type ErrorCode, type ErrorResponse } from '../../core/errors.ts';
import type { FetchResponse } from '../../http/client/fetch-like.ts';
import { parseRetryAfter } from '../../http/message/retry-after.ts';
import { isObject } from '../../peer/error-body.ts';
import { tryParseJson } from '../../peer/json.ts';
import { codeOfStatus } from '../status.ts';
import { issuesOf } from './issues.ts';
import type { RestError } from './mapping.ts';
import { answered } from '#answered';

const MAX_BODY_CHARS = 65_536;
const MAX_HEADERS = 64;
const MAX_TEXT = 1000;

/** The error in an answer that is not of this library: by its status, the habits of many APIs, and what the mapping knows better. */
export function foreignFailure(head: FetchResponse, text: string, map?: (response: ErrorResponse) => RestError | undefined): ApiError {
  const { status, headers } = head;
  const type = headers.get('content-type') ?? '';
  const whole = text.length <= MAX_BODY_CHARS && /json/i.test(type) ? tryParseJson(text) : undefined;
  return failureOf({ status, headers: recordOf(headers.entries()), body: whole ?? text.slice(0, MAX_BODY_CHARS) }, text, map);
}

/** The error that a response says, whose body was read before. */
export function failureOf(response: ErrorResponse, text: string, map?: (response: ErrorResponse) => RestError | undefined): ApiError {
  const { status, headers, body } = response;
  const type = headers['content-type'] ?? '';
  const whole = typeof body === 'string' ? undefined : body;
  const retryAfterMs = retryAfterOf(response);
  const mapped = map?.(response) ?? {};
  const issues = issuesOf(whole);
  const code = mapped.code ?? codeOf(status, retryAfterMs !== undefined, whole);
  return new ApiError(code, mapped.message ?? messageOf(whole, text, type, response), {
    reason: mapped.reason,
    details: mapped.details ?? (code === 'INVALID_ARGUMENT' && issues.length > 0 ? { issues } : undefined),
    retryAfterMs: mapped.retryAfterMs ?? retryAfterMs,
    requestId: requestIdOf(headers),
    remote: true,
    response,
  });
}

export function recordOf(entries: Iterable<readonly [string, string]>): Record<string, string> {
  const record: Record<string, string> = {};
  let count = 0;
  for (const [name, value] of entries) {
    if (name.toLowerCase() === 'set-cookie') continue;
    if (++count > MAX_HEADERS) break;
    record[name.toLowerCase()] = value.slice(0, 4096);
  }
  return record;
}

/** Many put their own name before it: `x-amz-request-id`, `twilio-request-id`. */
function requestIdOf(headers: ErrorResponse['headers']): string | undefined {
  return headers['x-request-id'] ?? Object.entries(headers).find(([name]) => /(?:^|-)(?:request|debug|correlation)-?id$/.test(name))?.[1];
}

/** A wait turns a refusal into a limit of rates (403, as GitHub has it), and a request that was too slow into one that may come again (408). */
function codeOf(status: number, mayComeBack: boolean, body: unknown): ErrorCode {
  if (status === 403 && mayComeBack) return 'RESOURCE_EXHAUSTED';
  if (status === 408 && mayComeBack) return 'UNAVAILABLE';
  return codeIn(body) ?? codeOfStatus(status);
}

/**
 * gRPC's code, which says more than the status: Google has it in `error.status`, Twirp and Connect in `code`.
 * Sources: https://google.aip.dev/193, https://twitchtv.github.io/twirp/docs/spec_v7.html#error-codes
 */
function codeIn(body: unknown): ErrorCode | undefined {
  if (!isObject(body)) return undefined;
  const { code, error } = body;
  const name = isObject(error) && typeof error['code'] === 'number' ? error['status'] : code;
  const found = typeof name === 'string' ? name.toUpperCase() : undefined;
  return isErrorCode(found) && found !== 'UNKNOWN' ? found : undefined;
}

function retryAfterOf({ headers }: ErrorResponse): number | undefined {
  // Azure and OpenAI say it in milliseconds too.
  const exact = headers['retry-after-ms'] ?? headers['x-ms-retry-after-ms'];
  if (exact !== undefined && /^\d{1,9}(?:\.\d+)?$/.test(exact)) return Math.ceil(Number(exact));
  const said = parseRetryAfter(headers['retry-after']);
  const prefix = headers['x-ratelimit-remaining'] === '0' ? 'x-' : headers['ratelimit-remaining'] === '0' ? '' : undefined;
  if (said !== undefined || prefix === undefined) return said;
  // Seconds since 1970, or from now: the first are larger than any wait.
  const reset = Number(headers[`${prefix}ratelimit-reset`]);
  if (!(reset >= 0)) return undefined;
  return Math.max(0, reset > 1_000_000_000 ? reset * 1000 - Date.now() : reset * 1000);
}

/** The first message in the many shapes of foreign errors. */
function messageOf(body: unknown, text: string, type: string, { status, headers }: ErrorResponse): string {
  const found = wordsOf(body, 0);
  if (found !== undefined) return found.slice(0, MAX_TEXT);
  if (status === 304) return 'the server says that nothing has changed (304)';
  if (status >= 300 && status < 400)
    return `the server redirects (${status}) to ${headers['location'] ?? 'another address'}: use that as url, or set 'redirects'`;
  if (/^text\/plain/i.test(type) && text.trim() !== '') return text.trim().slice(0, 200);
  const said = /[/+]xml/i.test(type) ? XML_WORDS.exec(text.slice(0, MAX_BODY_CHARS)) : undefined;
  if (said?.[1] !== undefined) return unescapeXml(said[1]).trim().slice(0, MAX_TEXT);
  const challenge = /error_description="([^"]+)"/.exec(headers['www-authenticate'] ?? '');
  if (challenge?.[1] !== undefined) return challenge[1].slice(0, MAX_TEXT);
  const isStranger = status < 500 && /^text\/html/i.test(type);
  return answered(status, isStranger ? ' with a page: is the url right?' : '');
}

/** The first element that holds a message, as S3 has it: `<Error><Code>NoSuchKey</Code><Message>…`. */
const XML_WORDS = /<(?:[\w.-]+:)?(?:message|description|detail|error)>([^<]+)<\//i;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? '');
}

/** Members that hold a message, in order, in lower case without separators. */
const WORDS = [
  'detail', 'message', 'errordescription', 'errormessage', 'errorsummary', 'statusmessage', 'faultstring', 'description', 'reason', 'error', 'fault', 'title',
  'errors', 'errormessages', 'nonfielderrors', 'value', 'msg', 'info',
]; // prettier-ignore

function wordsOf(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (depth > 3) return undefined;
  if (Array.isArray(value)) {
    for (const item of value.slice(0, 5) as readonly unknown[]) {
      const words = wordsOf(item, depth + 1);
      if (words !== undefined) return words;
    }
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const members = new Map(Object.entries(value).map(([name, inner]) => [name.replace(/[_-]/g, '').toLowerCase(), inner]));
  for (const name of WORDS) {
    const words = wordsOf(members.get(name), depth + 1);
    if (words !== undefined) return words;
  }
  // `{ "name": ["is required"] }`: a field, and what is wrong with it.
  for (const [name, inner] of Object.entries(value).slice(0, 5)) {
    const [first] = Array.isArray(inner) ? (inner as readonly unknown[]) : [];
    if (typeof first === 'string') return `${name}: ${first}`;
  }
  return undefined;
}
