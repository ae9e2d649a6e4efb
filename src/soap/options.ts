import { ApiError } from '../core/errors.ts';
import { bytes, ms, readOptions } from '../core/options.ts';
import { HTTP_CLIENT_OPTIONS, HTTP_CLIENT_READERS, type HttpClientOptions } from '../http/client/options.ts';
import type { EventRequest } from '../core/transport.ts';
import type { XmlObject } from '../xml/plain/fit.ts';
import type { SoapSecurity } from './security/security.ts';
import type { SoapVersion } from './version.ts';

/** Options of `soap` for our own services and for foreign ones. */
interface CommonOptions extends HttpClientOptions {
  /** The version of the envelopes. @default '1.1'; with `wsdl` that of the port */
  readonly version?: SoapVersion;
  /** Signs each envelope, or puts a token into its header: one of the security classes of the package `soap`, or an object of the same shape. */
  readonly security?: SoapSecurity;
}

/** Options of `soap` for a service with the WSDL that this library prints. */
export interface SoapOptions extends CommonOptions {
  /** The endpoint: `http://localhost:4000/soap`; without a path it is `/soap`. */
  readonly url: string;
}

/** Options of `soap` for a service that someone else designed. `N`: the contract's operations that it answers. */
export interface SoapWsdlOptions<N extends string = string> extends CommonOptions {
  /** The URL or path of the WSDL. It is read at the first call. The `headers` go with it and with its imports from the same origin. */
  readonly wsdl: string;
  /** How long the WSDL, with what it imports, may take to read, in milliseconds; a call that waits for it has its own deadline too. @default 30_000 */
  readonly wsdlTimeoutMs?: number;
  /** How large the WSDL may be, with what it imports over HTTP, in bytes. @default 8_388_608 (8 MiB) */
  readonly maxWsdlBytes?: number;
  /** For each operation of the contract the one of the WSDL. */
  readonly operations: Readonly<Record<N, SoapWsdlOperation>>;
  /** The endpoint, if it is another than the WSDL says. @default the WSDL's */
  readonly url?: string;
  /** Header blocks of every request: see `SoapWsdlOperation`. */
  readonly header?: SoapHeader;
  /**
   * Sends the headers of WS-Addressing: `Action`, `To`, `MessageID` and an anonymous `ReplyTo`. @default false
   * @see https://www.w3.org/TR/ws-addr-soap/
   */
  readonly addressing?: boolean;
  /**
   * Sends requests as messages in parts (MTOM), for services that take no others. Answers in parts are read in any case. @default false
   * @see https://www.w3.org/TR/soap12-mtom/
   */
  readonly mtom?: boolean;
}

/** Header blocks by the names of their parts or elements, or `{namespace}Name` for one that the WSDL does not describe; or what makes them for a call. */
export type SoapHeader = Readonly<Record<string, unknown>> | ((call: SoapHeaderCall) => Readonly<Record<string, unknown>>);

/** The call that header blocks are made for. */
export interface SoapHeaderCall {
  readonly input: Readonly<Record<string, unknown>>;
  /** HTTP headers of the call, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How an operation of a contract is one of a WSDL. */
export interface SoapWsdlOperation {
  /** Its name in the WSDL. @default the contract's name for it, whatever its case */
  readonly operation?: string;
  /** The WSDL's service, if several have the operation. */
  readonly service?: string;
  /** The WSDL's port, if several have the operation. @default the first of `version`, or of SOAP 1.1 without `version` */
  readonly port?: string;
  /**
   * Makes the content of the request's element from the input: elements by their names, attributes as `@name`, text beside attributes as `#text`, a derived
   * type as `@xsi:type`. @default the input's fields, under the WSDL's names for them
   */
  input?(input: Readonly<Record<string, unknown>>): unknown;
  /** Header blocks of the request. */
  readonly header?: SoapHeader;
  /**
   * The place of the output in the response's element, as a path of element names (`GetWeatherResult.Forecast`), or a function that takes it from there.
   * It gets the header blocks of the answer too. The contract's schema then reads it: numbers, lists and fields.
   * @default the response's element itself, or the one element in it
   */
  readonly output?: string | ((response: XmlObject, header: XmlObject) => unknown);
}

/** Readers of the options of both forms that are numbers. */
export const COMMON_READERS = HTTP_CLIENT_READERS;
/** The other options of both forms. */
export const COMMON_NAMES = ['version', 'security', ...HTTP_CLIENT_OPTIONS] as const;

/** The options of a service that someone else designed, in force. */
export type WsdlOptionsInForce = ReturnType<typeof readWsdlOptions>;

/** Throws a `TypeError` that names the option that cannot be. */
export function readWsdlOptions(options: SoapWsdlOptions) {
  const readers = { ...COMMON_READERS, wsdlTimeoutMs: ms(30_000), maxWsdlBytes: bytes(8_388_608) };
  return readOptions('soap', options, readers, [...COMMON_NAMES, 'wsdl', 'operations', 'url', 'header', 'addressing', 'mtom']);
}

/** SOAP answers requests, and has nothing to send on its own. */
export function noEvents({ event }: EventRequest): ApiError {
  return new ApiError('UNIMPLEMENTED', `SOAP has no events: subscribe to '${event.name}' over REST, GraphQL, WebSocket, gRPC or MQTT`, {
    sent: false,
  });
}
