import { ApiError } from '../core/errors.ts';
import { now } from '../life/now.ts';
import type { Headers } from '../core/transport.ts';

/** Headers to send: a record, or pairs of names and values such as a `Headers` of the platform and a `Map`. */
export type HeadersSource = Headers | Iterable<readonly [name: string, value: string]>;

/** The `headers` option of every adapter: headers, or a function that is asked again for each call and each reconnect, and may have none. */
export type HeadersOption = HeadersSource | (() => HeadersSource | undefined | Promise<HeadersSource | undefined>);

const NAME = /^[a-z0-9-]+$/;
/** An adapter's own may be what a foreign API wants: `api_key`. */
const OWN_NAME = /^[a-z0-9_.-]+$/;
const VALUE = /^[\x20-\x7e]*$/;
const REFUSED =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|http2-settings|host|content-.*|expect|x-timeout-ms|grpc-.*|x-grpc-web|connect-.*|.*-bin)$/;
/** Belong to one HTTP exchange: meaningless to a service, and wrong on a call that it makes in turn. */
const EXCHANGE =
  /^(accept|accept-encoding|accept-charset|if-.*|range|origin|referer|last-event-id|sec-.*|access-control-.*|mcp-(?:protocol-version|method|name|session-id))$/;

/** Verdicts by name, so that each of the few names in use is matched once. */
const travels = new Map<string, boolean>();

/** Lower-cases names and checks names and values; throws INVALID_ARGUMENT that names the one that cannot travel. */
export function checkHeaders(headers: HeadersSource | undefined, names: RegExp = NAME): Headers {
  const checked: Record<string, string> = {};
  for (const [given, value] of entriesOf(headers)) {
    const name = given.toLowerCase();
    if (!names.test(name)) throw refuse(name, 'a name has letters, digits and -');
    if (REFUSED.test(name)) throw refuse(name, 'the protocols use it themselves');
    if (typeof value !== 'string' || !VALUE.test(value))
      throw refuse(name, 'a value is printable ASCII text; encode other text, for example in base64');
    checked[name] = value;
  }
  return checked;
}

/** The names and values of headers, as they were given. */
export function entriesOf(headers: HeadersSource = {}): Iterable<readonly [name: string, value: string]> {
  return Symbol.iterator in headers ? headers : Object.entries(headers);
}

/** Joins an adapter's own headers with the call's, which win. If the option is a function, it is asked. */
export function joinHeaders(option: HeadersOption | undefined, call: Headers): Headers | Promise<Headers> {
  if (option === undefined) return call;
  if (typeof option !== 'function') return { ...checkHeaders(option, OWN_NAME), ...call };
  return askHeaders(option, call);
}

async function askHeaders(option: Extract<HeadersOption, () => unknown>, call: Headers): Promise<Headers> {
  let own: HeadersSource | undefined;
  try {
    own = await option();
  } catch (error) {
    throw ApiError.from(error, 'UNAUTHENTICATED', "the 'headers' function failed, so the request was not sent", { sent: false });
  }
  return { ...checkHeaders(own, OWN_NAME), ...call };
}

/** Keeps of a peer's headers those that travel to a service. */
export function receivedHeaders(raw: Readonly<Record<string, string | readonly string[] | undefined>>): Record<string, string> {
  const received: Record<string, string> = {};
  for (const name in raw) {
    let kept = travels.get(name);
    if (kept === undefined) {
      kept = NAME.test(name) && !REFUSED.test(name) && !EXCHANGE.test(name);
      if (travels.size < 1000) travels.set(name, kept);
    }
    if (!kept) continue;
    const value = raw[name];
    const text = typeof value === 'string' ? value : value?.join(', ');
    if (text !== undefined && VALUE.test(text)) received[name] = text;
  }
  return received;
}

const MAX_TIMEOUT_MS = 2 ** 53 - 1;

/**
 * Reads `x-timeout-ms`, a positive integer of milliseconds from now, as a time of the monotonic clock; throws INVALID_ARGUMENT if it is
 * anything else.
 */
export function readDeadline(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d{1,16}$/.test(value) ? Number(value) : 0;
  if (ms < 1 || ms > MAX_TIMEOUT_MS) throw new ApiError('INVALID_ARGUMENT', `x-timeout-ms must be a positive integer of milliseconds`);
  return now() + ms;
}

/** The rest of a deadline as `x-timeout-ms` carries it: at least 1. */
export function timeoutHeader(deadline: number): string {
  return String(Math.max(1, Math.ceil(deadline - now())));
}

/** Made on first use: workers allow nothing random while a module is loaded. */
let random: string | undefined;
let made = 0;

/** A request id that no other process makes: cheap, because each request needs one. */
export function makeRequestId(): string {
  random ??= Math.floor(Math.random() * 36 ** 8)
    .toString(36)
    .padStart(8, '0');
  return `${random}-${made++}`;
}

function refuse(name: string, why: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', `the header '${name}' cannot travel: ${why}`, { sent: false });
}
