import { ApiError } from '../core/errors.ts';
import type { FetchLike } from '../http/client/fetch-like.ts';
import type { HeadersOption } from '../peer/headers.ts';
import type { OnWire } from '../peer/on-wire.ts';
import type { SubscribeRequest } from '../core/transport.ts';
import type { XmlObject } from './foreign/plain.ts';
import type { SoapSecurity } from './security/security.ts';
import type { SoapVersion } from './version.ts';

/** What `soap` takes in both of its forms. */
interface CommonOptions {
  /** The version of the envelopes. @default '1.1' */
  readonly version?: SoapVersion;
  /**
   * Sent with every request as HTTP headers; a function is asked again for each call, so that tokens refresh. For the WSDL too,
   * and for what it imports from the same origin.
   */
  readonly headers?: HeadersOption;
  /** Sees what really went over the wire, credentials redacted. */
  readonly onWire?: OnWire;
  /** Signs each envelope, or puts a token into its header: one of the security classes of the package `soap`, or what is like them. */
  readonly security?: SoapSecurity;
  /** Carries the requests. @default on Node one over undici's dispatcher, elsewhere the platform's */
  readonly fetch?: FetchLike;
}

/** Options of `soap` for a service with the WSDL that this library prints. */
export interface SoapOptions extends CommonOptions {
  /** The endpoint: `http://localhost:4000/soap`; without a path it is `/soap`. */
  readonly url: string;
}

/** Options of `soap` for a service that someone else designed. `N`: the contract's operations that it answers. */
export interface SoapWsdlOptions<N extends string = string> extends CommonOptions {
  /** Where the WSDL is: a URL, or a path of a file. It is read at the first call. */
  readonly wsdl: string;
  /** How long the WSDL, with what it imports, may take to read, in milliseconds; a call that waits for it has its own deadline too. @default 30_000 */
  readonly wsdlTimeoutMs?: number;
  /** How large the WSDL may be, with what it imports over HTTP, in bytes. @default 8_388_608 (8 MiB) */
  readonly maxWsdlBytes?: number;
  /** The WSDL's operation for each operation of the contract. */
  readonly operations: Readonly<Record<N, SoapWsdlOperation>>;
  /** The endpoint, where it is another than the WSDL says. @default the WSDL's */
  readonly url?: string;
}

/** How an operation of a contract is one of a WSDL. */
export interface SoapWsdlOperation {
  /** Its name in the WSDL. */
  readonly operation: string;
  /** The WSDL's service, where several have the operation. */
  readonly service?: string;
  /** The WSDL's port, where several have the operation. @default the first, or the first whose name says that it is for the version */
  readonly port?: string;
  /** Makes the request's content from the input. @default the input's fields, under the WSDL's names for them, whatever their case */
  input?(input: Readonly<Record<string, unknown>>): unknown;
  /**
   * Where the output stands in the response's element, as a path of element names (`GetWeatherResult.Forecast`), or what takes it from there.
   * The contract's schema then reads it: numbers, lists and fields, whatever the case of their names.
   * @default the response's element itself
   */
  readonly output?: string | ((response: XmlObject) => unknown);
}

/** SOAP answers requests, and has nothing to send on its own. */
export function noEvents({ event }: SubscribeRequest): ApiError {
  return new ApiError('UNIMPLEMENTED', `SOAP has no events: subscribe to '${event.name}' over REST, GraphQL, WebSocket, gRPC or MQTT`, {
    sent: false,
  });
}
