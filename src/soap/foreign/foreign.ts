import { createLightFetch } from '#fetch';
import type { Client, IHttpClient } from 'soap';
import type { Contract } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import type { FetchResponse, LightFetch } from '../../http/client/fetch-like.ts';
import { networkError } from '../../http/client/network-error.ts';
import { joinHeaders } from '../../peer/headers.ts';
import { describeContract, type OperationView } from '../../schema/view.ts';
import type { CallRequest, SubscribeRequest, Transport } from '../../core/transport.ts';
import { decodeReplyTree } from './reply.ts';
import { noEvents, type SoapWsdlOperation, type SoapWsdlOptions } from '../options.ts';
import { atPath, fitTo, isObject, plainName, plainOf } from './plain.ts';
import { recordIn, recordOut } from '../record.ts';
import { lowerCase } from '../security/security.ts';
import { SharedWork } from './shared-work.ts';
import { WsdlDocuments } from './wsdl-documents.ts';
import { UNWRITABLE } from '../../xml/text.ts';

/** A call on its way through `soap`, which is given it as an option and hands it to our HTTP. */
interface Exchange {
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  readonly done: (answer: Promise<Answer>) => void;
}

interface Answer {
  readonly response: FetchResponse;
  readonly text: string;
}

/** An operation as `soap` drives it: arguments in, and through the exchange out. */
type Method = (args: unknown, callback: (error: unknown) => void, options: object) => void;

/** A service that someone else designed: `soap` reads its WSDL and writes the requests; carrying, reading and errors are ours. */
export class ForeignSoapTransport implements Transport {
  readonly name = 'soap';
  readonly #views: ReadonlyMap<string, OperationView>;
  readonly #carrier: LightFetch;
  /** Made by the first call. */
  readonly #client: SharedWork<Client>;
  /** Each operation's, from its first call on: to describe a WSDL is to walk through all of it. */
  readonly #methods = new Map<string, FoundMethod>();

  readonly contract: Contract;
  private readonly options: SoapWsdlOptions;

  constructor(contract: Contract, options: SoapWsdlOptions) {
    this.contract = contract;
    this.options = options;
    this.#views = describeContract(contract).operations;
    const stray = Object.keys(options.operations).find((name) => !this.#views.has(name));
    if (stray !== undefined) throw new TypeError(`soap: the contract has no operation '${stray}'`);
    this.#carrier = options.fetch ? { fetch: options.fetch, close: async () => {} } : createLightFetch();
    const { wsdl, wsdlTimeoutMs = 30_000 } = options;
    if (!(wsdlTimeoutMs > 0)) throw new TypeError(`soap: wsdlTimeoutMs must be a positive number of milliseconds, not ${wsdlTimeoutMs}`);
    this.#client = new SharedWork(
      (signal) => this.#open(signal),
      wsdlTimeoutMs,
      () => new ApiError('UNAVAILABLE', `the WSDL at ${wsdl} was not read within ${wsdlTimeoutMs} ms`, { sent: false }),
    );
  }

  async call(request: CallRequest): Promise<unknown> {
    const { operations, headers } = this.options;
    const { name } = request.operation;
    const view = this.#views.get(name);
    const mapped = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (!view || !mapped) throw new ApiError('UNIMPLEMENTED', `no operation of the WSDL is given for '${name}'`, { sent: false });
    const client = await this.#client.result(request.signal);
    let found = this.#methods.get(name);
    if (!found) this.#methods.set(name, (found = methodOf(client, mapped, this.options)));
    const { method, described } = found;
    const input = mapped.input ? mapped.input(request.input as Readonly<Record<string, unknown>>) : nameAs(described, request.input);
    const joined = await joinHeaders(headers, request.headers);
    const { response, text } = await exchange(method, input ?? {}, { signal: request.signal, headers: joined });
    const element = decodeReplyTree(name, { status: response.status, text, header: (header) => response.headers.get(header) });
    if (!view.output || !element) return undefined;
    const plain = plainOf(element);
    const { output } = mapped;
    const value = typeof output === 'string' ? atPath(plain, output) : output ? output(isObject(plain) ? plain : {}) : plain;
    return fitTo(view.output, value);
  }

  async subscribe(request: SubscribeRequest): Promise<void> {
    throw noEvents(request);
  }

  async close(): Promise<void> {
    this.#client.close(new ApiError('CANCELLED', 'the client was closed', { sent: false }));
    await this.#carrier.close();
  }

  async #open(signal: AbortSignal): Promise<Client> {
    const { wsdl, url, version = '1.1', security } = this.options;
    const documents = new WsdlDocuments(this.#carrier.fetch, this.options, signal);
    try {
      const { createClientAsync } = await import('soap');
      const client = await createClientAsync(wsdl, {
        // A WSDL that was fetched for another transport may be another's by now.
        disableCache: true,
        httpClient: { request: (...args: RequestArgs) => this.#request(documents, ...args) } as unknown as IHttpClient,
        wsdl_options: { overrideImportLocation: (found: string, importer: string) => documents.location(found, importer) },
        forceSoap12Headers: version === '1.2',
        ...(url !== undefined && { endpoint: url }),
      });
      if (security) client.setSecurity(security);
      return client;
    } catch (error) {
      throw ApiError.from(error, 'UNAVAILABLE', `the WSDL at ${wsdl} cannot be read`, { sent: false });
    }
  }

  /** What `soap` takes for an HTTP client. Of a call it never hears again: the answer goes to the exchange. */
  #request(documents: WsdlDocuments, ...[url, body, callback, headers = {}, options = {}]: RequestArgs): void {
    if (options.exchange) return options.exchange.done(this.#post(url, body ?? '', headers, options.exchange));
    // What `soap` throws on the way, for a WSDL that it cannot use, it is told too: or it would never give up.
    documents
      .read(url)
      .then((text) => callback(null, { status: 200, headers: {}, data: text }, text))
      .catch((error: unknown) => callback(error));
  }

  async #post(url: string, body: string, own: Readonly<Record<string, unknown>>, { signal, headers: given }: Exchange): Promise<Answer> {
    if (UNWRITABLE.test(body)) {
      throw new ApiError('INVALID_ARGUMENT', 'the input has a control character or half of a surrogate pair, which XML cannot carry', {
        sent: false,
      });
    }
    const headers = { ...given, accept: 'text/xml, application/soap+xml', ...lowerCase(own) };
    const { onWire } = this.options;
    if (onWire) recordOut(onWire, 'POST', url, headers, body);
    let answer: Answer;
    try {
      const response = await this.#carrier.fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
      answer = { response, text: await response.text() };
    } catch (error) {
      throw networkError(error, url, signal);
    }
    if (onWire) recordIn(onWire, answer.response, answer.text);
    return answer;
  }
}

type RequestArgs = [
  url: string,
  body: string | null,
  callback: (error: unknown, response?: object, body?: string) => void,
  headers?: Readonly<Record<string, unknown>>,
  options?: { readonly exchange?: Exchange },
];

/** Lets `soap` write the request and send it through us. */
function exchange(method: Method, input: unknown, call: Omit<Exchange, 'done'>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(ApiError.from(error, 'INVALID_ARGUMENT', 'the input cannot be written as the WSDL has it', { sent: false }));
    try {
      method(input, (error) => fail(error), { exchange: { ...call, done: resolve } });
    } catch (error) {
      fail(error);
    }
  });
}

interface FoundMethod {
  readonly method: Method;
  /** The names of the input's elements, as `soap` describes them. */
  readonly described: unknown;
}

/** The operation in the WSDL: of the service and port that are named, else of the first port that has it, one for the version if its name says so. */
function methodOf(client: Client, { operation, service, port }: SoapWsdlOperation, { version = '1.1' }: SoapWsdlOptions): FoundMethod {
  const services = client.describe() as Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, { input?: unknown }>>>>>>;
  const found: { readonly service: string; readonly port: string; readonly input: unknown }[] = [];
  for (const [serviceName, ports] of Object.entries(services)) {
    if (service !== undefined && service !== serviceName) continue;
    for (const [portName, operations] of Object.entries(ports)) {
      if (port !== undefined && port !== portName) continue;
      if (Object.hasOwn(operations, operation)) found.push({ service: serviceName, port: portName, input: operations[operation]?.input });
    }
  }
  const best = found.find((each) => /12$|12[A-Z]|_12/.test(each.port) === (version === '1.2')) ?? found[0];
  const methods = client as unknown as Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Method>>>>>>;
  const method = best && methods[best.service]?.[best.port]?.[operation];
  if (method) return { method, described: best.input };
  const known = Object.values(services).flatMap((ports) => Object.values(ports).flatMap((operations) => Object.keys(operations)));
  throw new ApiError(
    'UNIMPLEMENTED',
    `the WSDL has no operation '${operation}'${(port ?? service) ? ' there' : ''}: it has ${[...new Set(known)].join(', ')}`,
    { sent: false },
  );
}

/** An input with the names, and in the order, that the WSDL has for it. */
function nameAs(described: unknown, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => nameAs(described, item));
  if (typeof value !== 'object' || value === null || typeof described !== 'object' || described === null) return value;
  const members = new Map(Object.entries(value).map(([name, member]) => [plainName(name), [name, member as unknown] as const]));
  const named: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(described)) {
    const name = key.replace(/\[\]$/, '');
    const member = members.get(plainName(name));
    if (!member) continue;
    members.delete(plainName(name));
    named[name] = nameAs(inner, member[1]);
  }
  // What the WSDL does not name is the service's to refuse.
  for (const [name, member] of members.values()) named[name] = member;
  return named;
}
