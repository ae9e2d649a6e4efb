/** What really went over the wire in one direction, as `onWire` sees it. Credentials are redacted. */
export interface WireRecord {
  readonly protocol: string;
  readonly direction: 'out' | 'in';
  /** Start line, topic or method: `GET /users/123`, `200 OK`. */
  readonly start: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** The `onWire` option of every adapter. */
export type OnWire = (record: WireRecord) => void;

const SECRET =
  /^(authorization|proxy-authorization|cookie|set-cookie|x-auth.*|.*(token|secret|password|credential|session|api-?key|access-?key|signature).*)$/;

/** The headers with credentials taken out. */
export function redact(headers: Iterable<readonly [string, string]>): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value] of headers) shown[name] = SECRET.test(name) ? '[redacted]' : value;
  return shown;
}
