/** The two versions of SOAP in use. */
export type SoapVersion = '1.1' | '1.2';

/** The names that each version has for its parts. */
interface VersionNames {
  /** https://www.w3.org/TR/2000/NOTE-SOAP-20000508/#_Toc478383494 and https://www.w3.org/TR/soap12-part1/#soapenv */
  readonly namespace: string;
  readonly mediaType: string;
  readonly contentType: string;
  /** The text before and after the body's element. */
  readonly open: string;
  readonly close: string;
}

function namesOf(namespace: string, mediaType: string): VersionNames {
  return {
    namespace,
    mediaType,
    contentType: `${mediaType}; charset=utf-8`,
    open: `<soap:Envelope xmlns:soap="${namespace}">`,
    close: '</soap:Envelope>',
  };
}

export const VERSIONS: Readonly<Record<SoapVersion, VersionNames>> = {
  '1.1': namesOf('http://schemas.xmlsoap.org/soap/envelope/', 'text/xml'),
  '1.2': namesOf('http://www.w3.org/2003/05/soap-envelope', 'application/soap+xml'),
};

/** The version whose envelopes are in a namespace. */
export function versionOf(namespace: string): SoapVersion | undefined {
  return namespace === VERSIONS['1.1'].namespace ? '1.1' : namespace === VERSIONS['1.2'].namespace ? '1.2' : undefined;
}

/** The HTTP headers of a request in a version, its action in the place that the version has for it. */
export function requestHeaders(version: SoapVersion, action: string, given: Readonly<Record<string, string>>): Record<string, string> {
  const { contentType, mediaType } = VERSIONS[version];
  const headers: Record<string, string> = { ...given, accept: mediaType };
  const quoted = `"${action.replace(/["\\]/g, '\\$&')}"`;
  if (version === '1.2') headers['content-type'] = action === '' ? contentType : `${contentType}; action=${quoted}`;
  else {
    headers['content-type'] = contentType;
    // Quoted: https://www.w3.org/TR/2000/NOTE-SOAP-20000508/#_Toc478383528
    headers['soapaction'] = quoted;
  }
  return headers;
}
