import type { ErrorCode, ErrorResponse, JsonObject } from '../../core/errors.ts';
import type { ReadContext } from '../../guard/mapped-sink.ts';

/**
 * How a list stands in a query or a form: `repeat` a=1&a=2, `brackets` a[]=1&a[]=2, `indices` a[0]=1&a[1]=2, `comma` a=1,2, `space` a=1%202,
 * `pipe` a=1|2.
 */
export type ListStyle = 'repeat' | 'brackets' | 'indices' | 'comma' | 'space' | 'pipe';

/** The place of an input. */
export interface RestPlace {
  readonly in: 'path' | 'query' | 'header' | 'cookie' | 'body';
  /** Its name there. @default the input's */
  readonly name?: string;
  /** How a list stands there. @default that of the operation */
  readonly style?: ListStyle;
  /** Leaves `/` in a value of a path as it is: `docs/readme.md` is two parts. @default false */
  readonly reserved?: boolean;
}

/** Defaults for all operations of an API. */
export interface RestDefaults {
  /** How lists stand in queries and forms. @default 'repeat' */
  readonly lists?: ListStyle;
  /**
   * The media type of a body: JSON (also `application/merge-patch+json`), `application/x-www-form-urlencoded`, `multipart/form-data`, text, or any
   * other for bytes. A file has its own if this is `application/octet-stream`.
   * @default 'application/json'
   */
  readonly type?: string;
  /** More headers of each request: `{ 'x-github-api-version': '2022-11-28' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * How an answer and its errors are read. `xml` is read by the contract: fields are found by the names of elements and attributes, an element that stands
   * once is a list if the contract has one. @default by its content type: JSON, bytes, text; XML too, if `output` is a function or the contract has text
   */
  readonly answer?: 'json' | 'xml' | 'text' | 'bytes';
  /** Says whether an answer or an item of a stream whose status is that of success is an error: `({ body }) => body.ok === false`. @default none is */
  readonly isError?: (response: ErrorResponse) => boolean;
  /** Explains the API's errors if their status and usual members do not. */
  readonly error?: (response: ErrorResponse) => RestError | undefined;
}

/** The meaning of a foreign error. Members that are left out keep their usual values. */
export interface RestError {
  readonly code?: ErrorCode | undefined;
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
  readonly details?: JsonObject | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** A step into an answer: a member's name, names joined with dots, or a list of names if they have dots themselves; `''` is the answer itself. */
export type AnswerPath = string | readonly string[];

/** The API's form of a paged query, which has `limit` and `after` in the contract. */
export type RestPages = {
  /** The place of the parameters below: the query, or the body of an API that searches by POST, in which numbers stay numbers. @default 'query' */
  readonly in?: 'query' | 'body';
} & RestPagesBy;

/** Names the place at which a page begins. */
export type RestPagesBy =
  /** Behind the item with a key: `starting_after=ch_5`. */
  | { readonly by: 'key'; readonly after: string; readonly limit?: string }
  /** By the number of the page: `page=2&per_page=50`. `first` is the number of the first page, 1 if it is left out. */
  | { readonly by: 'number'; readonly page: string; readonly limit?: string; readonly first?: number }
  /** By how many items to skip: `offset=50`. */
  | { readonly by: 'offset'; readonly offset: string; readonly limit?: string }
  /** By a value that the answer has: `cursor=abc`. A function makes it from the answer, as of the last item, or from a header; without one the page is the last. */
  | { readonly by: 'cursor'; readonly cursor: string; readonly next: AnswerPath | NextOf; readonly limit?: string }
  /** By a URL, from the header `Link` with `rel="next"`, or from the answer, also by a function. It must lead to the same origin. */
  | { readonly by: 'link'; readonly next?: AnswerPath | NextOf; readonly limit?: string };

/** Finds the next page in an answer and its head. */
type NextOf = (answer: unknown, response: RestAnswer) => unknown;

/** Maps an operation of the contract to one of an API that someone else designed. Members that are left out are as in our own format. */
export interface RestOperation extends RestDefaults {
  /** Method (HEAD too) and path, with the API's names of parameters: `GET /pets/{pet-id}`. @default the contract's first binding */
  readonly http?: string;
  /** Makes what is sent from the input, before it is placed. */
  readonly input?: (input: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** The places of inputs. @default the path if it names them, else the query (GET, DELETE) or the body */
  readonly params?: Readonly<Record<string, RestPlace | RestPlace['in']>>;
  /** The input that is the whole body: a list, a text, bytes. The other inputs without a place then go into the query. */
  readonly body?: string;
  /** The place of the output in the answer, or a function that takes it from the parsed JSON or XML, the text or the bytes. @default the answer itself */
  readonly output?: AnswerPath | ((answer: unknown, response: RestAnswer) => unknown);
  /**
   * Of a streamed operation: makes an item from what came (parsed JSON, or text), or says with `undefined` that it is not an item. `context` ends the stream.
   * @default what is at `output`
   */
  readonly read?: (data: unknown, event: RestStreamEvent, context: ReadContext) => unknown;
  /**
   * Of a streamed operation whose answer is neither server-sent events nor JSON: takes its bytes apart into the pieces that `read` and `output` get, as
   * a library for the format does. It must bound a piece itself. @default by the answer's media type
   */
  readonly split?: (bytes: AsyncIterable<Uint8Array>, response: RestAnswer) => AsyncIterable<unknown>;
  /** How the pages of a paged query are asked for. */
  readonly pages?: RestPages;
}

/** The head of an answer. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** One event of a foreign stream. */
export interface RestStreamEvent {
  readonly type: string;
  readonly id: string;
}

/** How an event of the contract is a stream of server-sent events that someone else designed. */
export interface RestEvent {
  /** Method and path, with the channel's parameters: `GET /v1/rooms/{room}/stream`. @default `GET /<channel>` */
  readonly http?: string;
  /** More parameters of its query. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** The types of the stream that may be this event; `'*'` all. @default the event's own type and `message` */
  readonly types?: '*' | readonly string[];
  /** Makes the event from what came (parsed JSON, or text), or says with `undefined` that it is not this event. `context` tells of gaps. @default what came */
  readonly read?: (data: unknown, event: RestStreamEvent, context: ReadContext) => unknown;
}

/** The part of the options of `rest` that is about foreign services. */
export interface RestForeignOptions {
  /** How operations are those of an API that someone else designed. */
  readonly operations?: Readonly<Record<string, RestOperation>> | undefined;
  /** How events are streams that someone else designed. */
  readonly events?: Readonly<Record<string, RestEvent>> | undefined;
  /** Defaults of all `operations`. */
  readonly defaults?: RestDefaults | undefined;
}

/** The members of `RestDefaults`. */
export const DEFAULTS_MEMBERS = [
  'lists',
  'type',
  'headers',
  'answer',
  'isError',
  'error',
] as const satisfies readonly (keyof RestDefaults)[];
/** The members of `RestOperation`. */
export const OPERATION_MEMBERS = [
  ...DEFAULTS_MEMBERS,
  ...(['http', 'input', 'params', 'body', 'output', 'read', 'split', 'pages'] as const),
] as const satisfies readonly (keyof RestOperation)[];
/** The members of `RestEvent`. */
export const EVENT_MEMBERS = ['http', 'query', 'headers', 'types', 'read'] as const satisfies readonly (keyof RestEvent)[];
