/** The phrases of https://www.rfc-editor.org/rfc/rfc9110#section-15 and RFC 6585; `STATUS_CODES` of Node still has older ones. */
const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  499: 'Client Closed Request',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** The phrase of a status that this library answers errors with: a problem of type `about:blank` has it as its title. */
export function phraseOf(status: number): string {
  return PHRASES[status] ?? 'Error';
}
