import type { ErrorCode } from '../core/errors.ts';
import type { SoapVersion } from './version.ts';

export { codeOfStatus } from '../http/message/status.ts';

/** The party that a fault blames: `Client` and `Server` in SOAP 1.1, `Sender` and `Receiver` in 1.2. */
export type Blame = 'Client' | 'Server';

/** The party that each code blames: the server for the codes that HTTP has as 429, 499 and 5xx. */
const BLAME: Readonly<Record<ErrorCode, Blame>> = {
  INVALID_ARGUMENT: 'Client',
  FAILED_PRECONDITION: 'Client',
  OUT_OF_RANGE: 'Client',
  UNAUTHENTICATED: 'Client',
  PERMISSION_DENIED: 'Client',
  NOT_FOUND: 'Client',
  ALREADY_EXISTS: 'Client',
  ABORTED: 'Client',
  RESOURCE_EXHAUSTED: 'Server',
  CANCELLED: 'Server',
  UNKNOWN: 'Server',
  INTERNAL: 'Server',
  DATA_LOSS: 'Server',
  UNIMPLEMENTED: 'Server',
  UNAVAILABLE: 'Server',
  DEADLINE_EXCEEDED: 'Server',
};

const SOAP_12: Readonly<Record<Blame, string>> = { Client: 'Sender', Server: 'Receiver' };

/** The fault code of an error in a version, without its prefix. */
export function faultCode(code: ErrorCode, version: SoapVersion): string {
  const blame = BLAME[code];
  return version === '1.1' ? blame : SOAP_12[blame];
}

/** HTTP 500, and 400 for a SOAP 1.2 Sender fault. Source: https://www.w3.org/TR/soap12-part2/#tabresstatereccodes */
export function httpStatus(fault: string): number {
  return fault === 'Sender' ? 400 : 500;
}

/** The code of a foreign fault, from the local name of its code or subcode. */
const FAULT_CODES: Readonly<Record<string, ErrorCode>> = {
  Client: 'INVALID_ARGUMENT',
  Sender: 'INVALID_ARGUMENT',
  Server: 'UNKNOWN',
  Receiver: 'UNKNOWN',
  VersionMismatch: 'UNIMPLEMENTED',
  MustUnderstand: 'UNIMPLEMENTED',
  DataEncodingUnknown: 'UNIMPLEMENTED',
  // https://docs.oasis-open.org/wss/v1.1/wss-v1.1-spec-os-SOAPMessageSecurity.pdf, section 12
  FailedAuthentication: 'UNAUTHENTICATED',
  FailedCheck: 'UNAUTHENTICATED',
  InvalidSecurity: 'UNAUTHENTICATED',
  InvalidSecurityToken: 'UNAUTHENTICATED',
  MessageExpired: 'UNAUTHENTICATED',
  UnsupportedSecurityToken: 'UNAUTHENTICATED',
  SecurityTokenUnavailable: 'UNAUTHENTICATED',
  // https://www.w3.org/TR/ws-addr-soap/#faultcodes
  InvalidAddressingHeader: 'INVALID_ARGUMENT',
  MessageAddressingHeaderRequired: 'INVALID_ARGUMENT',
  ActionNotSupported: 'UNIMPLEMENTED',
  DestinationUnreachable: 'UNAVAILABLE',
  EndpointUnavailable: 'UNAVAILABLE',
  // https://www.onvif.org/specs/core/ONVIF-Core-Specification.pdf, section 5.8.2
  NotAuthorized: 'UNAUTHENTICATED',
  OperationProhibited: 'PERMISSION_DENIED',
  InvalidArgVal: 'INVALID_ARGUMENT',
  // https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode
  ErrorAccessDenied: 'PERMISSION_DENIED',
  ErrorSchemaValidation: 'INVALID_ARGUMENT',
  ErrorServerBusy: 'RESOURCE_EXHAUSTED',
  // https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm
  INVALID_LOGIN: 'UNAUTHENTICATED',
  INVALID_SESSION_ID: 'UNAUTHENTICATED',
  REQUEST_LIMIT_EXCEEDED: 'RESOURCE_EXHAUSTED',
};

/** `soap:Client.Authentication` and the like begin with a code that is known: https://www.w3.org/TR/2000/NOTE-SOAP-20000508/#_Toc478383510 */
export function codeOfFault(...names: readonly (string | undefined)[]): ErrorCode {
  for (const name of names) {
    const [first = '', more = ''] = (name?.trim().split(':').at(-1) ?? '').split('.');
    if (/^authenticat/i.test(more)) return 'UNAUTHENTICATED';
    if (Object.hasOwn(FAULT_CODES, first)) return FAULT_CODES[first] ?? 'UNKNOWN';
  }
  return 'UNKNOWN';
}
