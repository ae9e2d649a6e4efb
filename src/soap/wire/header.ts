import { ApiError } from '../../core/errors.ts';
import { VERSIONS, type SoapVersion } from '../version.ts';
import { escapeAttribute, shown } from '../../xml/text.ts';
import type { XmlElement } from '../../xml/tree.ts';

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';

/** https://www.w3.org/TR/soap12-part1/#soaprole and https://www.w3.org/TR/2000/NOTE-SOAP-20000508/#_Toc478383499 */
const OUR_ROLES = new Set([
  'http://schemas.xmlsoap.org/soap/actor/next',
  'http://www.w3.org/2003/05/soap-envelope/role/next',
  'http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver',
]);

/** Header blocks that must be understood, and are not. */
export class NotUnderstood extends Error {
  /** SOAP 1.2's blocks that name them. */
  readonly header: string;

  constructor(message: string, header: string) {
    super(message);
    this.header = header;
  }
}

/** Refuses blocks that are meant for us and that must be understood, but for WS-Security's if that is asked for. */
export function checkHeader(blocks: readonly XmlElement[], version: SoapVersion, withSecurity: boolean): void {
  const { namespace } = VERSIONS[version];
  const all = blocks.filter(
    (block) =>
      isTrue(block.attributes.get(`${namespace} mustUnderstand`)) &&
      isForUs(block, namespace, version) &&
      !(withSecurity && isSecurity(block)),
  );
  if (all.length === 0) return;
  // As many as a caller can use, of names that are theirs to choose.
  const stray = all.slice(0, 5);
  const names = stray.map(({ uri, local }) => shown(`{${uri}}${local}`)).join(', ');
  const header = stray
    .filter(({ uri, local }) => uri.length + local.length <= 200)
    .map(({ uri, local }) => `<soap:NotUnderstood qname="n:${local}" xmlns:n="${escapeAttribute(uri)}"/>`)
    .join('');
  throw new NotUnderstood(`the header has what must be understood and is not: ${names}`, header);
}

export function isSecurity({ uri, local }: XmlElement): boolean {
  return local === 'Security' && uri === WSSE;
}

function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}

function isForUs({ attributes }: XmlElement, namespace: string, version: SoapVersion): boolean {
  const role = attributes.get(`${namespace} ${version === '1.1' ? 'actor' : 'role'}`);
  return role === undefined || role === '' || OUR_ROLES.has(role);
}

/** A fault for what WS-Security asks and the request has not. */
export function unauthenticated(message: string): ApiError {
  return new ApiError('UNAUTHENTICATED', message);
}
