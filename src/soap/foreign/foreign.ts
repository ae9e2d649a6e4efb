import { checkForeign } from '#contract-check';
import { checkMappings } from '../../guard/check-mappings.ts';
import type { Contract } from '../../core/contract.ts';
import { ApiError, isApiError } from '../../core/errors.ts';
import type { SchemaNode, TypeUse } from '../../schema/node.ts';
import { outlineContract, type Outline } from '../../schema/outline/outline.ts';
import { eventsOnly } from '../../events/events-only.ts';
import type { CallRequest, SubscribeRequest, Transport } from '../../core/transport.ts';
import { envelope, envelopeOf, decodeFault, decodeStatus, isFault, noAnswer, type Reply } from '../wire.ts';
import { noEvents, type SoapHeader, type SoapHeaderCall, type SoapWsdlOperation, type WsdlOptionsInForce } from '../options.ts';
import { SoapExchange } from '../exchange.ts';
import { addressingHeader } from './addressing.ts';
import { isObject } from '../../peer/error-body.ts';
import { atPath, fitTo, unwrapFor, type XmlObject } from '../../xml/plain/fit.ts';
import { withOpenElements } from '../../xml/plain/open.ts';
import { ForeignOperation } from './operation.ts';
import { secure, securityHeaders } from '../security/security.ts';
import { SharedWork } from './shared-work.ts';
import { requestHeaders, type SoapVersion } from '../version.ts';
import type { Envelope } from '../wire/envelope.ts';
import { WsdlDocuments } from '../wsdl/fetch.ts';
import { loadWsdl } from '../wsdl/load.ts';
import { SchemaPlans } from '../xsd/plans.ts';
import { findOperation, type Found } from './find.ts';

/** A service that someone else designed, driven by its WSDL. */
export class ForeignSoapTransport implements Transport {
  readonly name = 'soap';
  /** Made by the first call. */
  #outline: Outline | undefined;
  readonly #exchange: SoapExchange;
  /** Read by the first call. */
  readonly #wsdl: SharedWork<LoadedWsdl>;
  /** Each operation's, from its first call on. */
  readonly #bound = new Map<string, BoundOperation>();

  readonly contract: Contract;
  private readonly options: WsdlOptionsInForce;

  constructor(contract: Contract, options: WsdlOptionsInForce) {
    this.contract = contract;
    this.options = options;
    checkMappings('soap: operations', options.operations, ['operation', 'service', 'port', 'input', 'header', 'output']);
    checkForeign('soap', contract, { operations: options.operations });
    const { wsdl, wsdlTimeoutMs } = options;
    this.#exchange = new SoapExchange(options);
    this.#wsdl = new SharedWork(
      (signal) => this.#load(signal),
      wsdlTimeoutMs,
      () => new ApiError('UNAVAILABLE', `the WSDL at ${wsdl} was not read within ${wsdlTimeoutMs} ms`, { sent: false }),
    );
  }

  async call(request: CallRequest): Promise<unknown> {
    const { name } = request.operation;
    const bound = this.#bound.get(name) ?? (await this.#bind(name, request.signal));
    const { operation, mapped, output, url, version } = bound;
    const input = (request.input ?? {}) as Readonly<Record<string, unknown>>;
    const headers = await this.#exchange.headers(request.headers);
    const content = mapped.input ? mapped.input(input) : bound.input && withOpenElements(bound.input, request.input);
    const { body, header } = operation.encode(content, this.#header(mapped, { input, headers: request.headers }), version);
    const wsa = this.options.addressing === true ? addressingHeader(operation.operation.addressingAction, url) : '';
    const xml = secure(this.options.security, (signed) => envelope(version, wsa + header + signed, body));
    const { security } = this.options;
    const own = requestHeaders(version, operation.operation.action, headers);
    const secured = security?.addHeaders ? { ...own, ...securityHeaders(security) } : own;
    const sent = this.options.mtom === true ? (await import('../wire/parts.ts')).packaged(xml, secured) : { body: xml, headers: secured };
    const reply = await this.#exchange.post(url, sent.headers, sent.body, request);
    const answer = decode(name, operation, reply);
    if (!output || !answer) return undefined;
    const value = fitTo(output, outputOf(mapped, output, operation, answer));
    // An element that is left out is what others write as nil.
    return value === undefined && output.nullable ? null : value;
  }

  async subscribe(asked: SubscribeRequest): Promise<void> {
    const request = eventsOnly(asked, 'SOAP');
    throw noEvents(request);
  }

  async close(): Promise<void> {
    this.#wsdl.close(new ApiError('CANCELLED', 'the client was closed', { sent: false }));
    await this.#exchange.close();
  }

  async #bind(name: string, signal: AbortSignal): Promise<BoundOperation> {
    const { operations, url, version } = this.options;
    const mapped = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (!mapped) throw new ApiError('UNIMPLEMENTED', `no operation of the WSDL is given for '${name}'`, { sent: false });
    const { ports, plans } = await this.#wsdl.result(signal);
    const found = findOperation(ports, name, mapped, version);
    const outlined = (this.#outline ??= outlineContract(this.contract)).operations.get(name);
    const address = url ?? found.port.address;
    if (address === undefined || !URL.canParse(address))
      throw new ApiError('UNIMPLEMENTED', `the WSDL has no address for the port '${found.port.name}': give the option 'url'`, {
        sent: false,
      });
    const bound = {
      operation: new ForeignOperation(found.operation, found.port, plans, {
        input: namesIn(outlined?.input),
        output: typeof mapped.output === 'string' ? [mapped.output.split('.')[0] ?? ''] : namesIn(outlined?.output?.node),
      }),
      mapped,
      input: outlined?.input,
      output: outlined?.output,
      url: address,
      version: version ?? found.port.version,
    };
    this.#bound.set(name, bound);
    return bound;
  }

  #header({ header }: SoapWsdlOperation, call: SoapHeaderCall): Readonly<Record<string, unknown>> {
    const make = (option: SoapHeader | undefined): Readonly<Record<string, unknown>> =>
      typeof option === 'function' ? option(call) : (option ?? {});
    return { ...make(this.options.header), ...make(header) };
  }

  async #load(signal: AbortSignal): Promise<LoadedWsdl> {
    const documents = new WsdlDocuments(this.#exchange.http, this.options, signal);
    try {
      const { ports, schemas } = await loadWsdl(this.options.wsdl, (location) => documents.read(location));
      return { ports, plans: new SchemaPlans(schemas) };
    } catch (error) {
      throw ApiError.from(error, 'UNAVAILABLE', `the WSDL at ${this.options.wsdl} cannot be read`, { sent: false });
    }
  }
}

interface LoadedWsdl {
  readonly ports: readonly Found['port'][];
  readonly plans: SchemaPlans;
}

interface BoundOperation {
  readonly operation: ForeignOperation;
  readonly mapped: SoapWsdlOperation;
  readonly input: SchemaNode | undefined;
  readonly output: TypeUse | undefined;
  readonly url: string;
  readonly version: SoapVersion;
}

function namesIn(node: SchemaNode | undefined): string[] {
  return node?.kind === 'object' ? node.fields.map(({ name }) => name) : [];
}

/** The envelope of an answer; `undefined` if there is none. Throws the error of a fault, and DATA_LOSS for a reply that is not an answer. */
function decode(name: string, operation: ForeignOperation, reply: Reply): Envelope | undefined {
  const isOk = reply.status >= 200 && reply.status < 300;
  if (isOk && reply.text.trim() === '') return undefined;
  if (!reply.text.trimStart().startsWith('<')) throw isOk ? noAnswer(name, reply, 'no SOAP envelope') : decodeStatus(reply);
  let answer: Envelope;
  try {
    answer = envelopeOf(reply);
  } catch (cause) {
    if (!isOk) throw decodeStatus(reply);
    throw noAnswer(name, reply, isApiError(cause) ? cause.text : 'no SOAP envelope', cause);
  }
  if (answer.message && isFault(answer.message)) throw decodeFault(answer.message, reply, (element) => operation.decodeAny(element));
  if (!isOk) throw decodeStatus(reply);
  return answer;
}

function outputOf({ output }: SoapWsdlOperation, use: TypeUse, operation: ForeignOperation, answer: Envelope): unknown {
  let value: unknown;
  try {
    value = operation.decode(answer);
  } catch (cause) {
    throw noAnswer(
      operation.operation.name,
      { status: 200, text: '', header: () => 'text/xml' },
      isApiError(cause) ? cause.text : String(cause),
      cause,
    );
  }
  if (typeof output === 'string') return atPath(value, output);
  if (!output) return unwrapFor(use, value);
  return output((isObject(value) ? value : {}) as XmlObject, operation.decodeHeader(answer) as XmlObject);
}
