import { ApiError } from '../../core/errors.ts';

/** The shape of the security classes of the package `soap`: `WSSecurity`, `WSSecurityCert`, `BearerSecurity` and the others. */
export interface SoapSecurity {
  /** A header block. */
  toXML?(): string;
  /** Changes the whole envelope, whose prefix is `envelopeKey`: a signature. */
  postProcess?(xml: string, envelopeKey: string): string;
  /** Adds HTTP headers. */
  addHeaders?(headers: Record<string, string>): void;
}

/** The envelope with what `security` adds to it. */
export function secure(security: SoapSecurity | undefined, encode: (header: string) => string): string {
  if (!security) return encode('');
  try {
    // `soap` asks a class that signs for no header of its own: it writes one itself.
    if (!security.postProcess) return encode(security.toXML?.() ?? '');
    return security.postProcess(encode('<!---->'), 'soap').replace('<!---->', '');
  } catch (error) {
    throw ApiError.from(error, 'UNAUTHENTICATED', 'the envelope could not be secured, so that it was not sent', { sent: false });
  }
}

/** The HTTP headers that `security` adds, under names in lower case, as all of ours are: it is by them that `onWire` knows what to hide. */
export function securityHeaders(security: SoapSecurity | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  security?.addHeaders?.(headers);
  return lowerCase(headers);
}

/** Headers under names in lower case. */
export function lowerCase(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
