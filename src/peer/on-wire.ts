import { report, reportToConsole } from '../life/report.ts';
import { hideSecrets, isSecretHeader } from './secrets.ts';

/** What really went over the wire in one direction, as `onWire` sees it. Credentials are redacted. */
export interface WireRecord {
  readonly protocol: string;
  readonly direction: 'out' | 'in';
  /** Start line, topic or method: `GET /users/123`, `200 OK`. */
  readonly start: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** The `onWire` option of every adapter. What it throws is reported and fails nothing. */
export type OnWire = (record: WireRecord) => void;

/** The options with an `onWire` that sees no credentials, and whose failures are reported: who only looks on must not make a call fail. */
export function guardOnWire<O extends { readonly onWire?: OnWire | undefined }>(
  options: O,
  onError: (error: unknown) => void = reportToConsole,
): O {
  const { onWire } = options;
  if (!onWire) return options;
  const failed = (error: unknown): void => report(error, onError);
  const guarded: OnWire = (record) => {
    try {
      const done: unknown = onWire(hidden(record));
      // Nothing forbids an async function here, whose rejection nobody else would handle.
      if (done instanceof Promise) done.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
  return { ...options, onWire: guarded };
}

/** A record with what looks like a credential taken out of all its texts. */
function hidden(record: WireRecord): WireRecord {
  const { start, body, headers } = record;
  return {
    ...record,
    start: hideSecrets(start),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, hideSecrets(value)])),
    ...(body !== undefined && { body: hideSecrets(body) }),
  };
}

/** The headers with credentials taken out. */
export function redact(headers: Iterable<readonly [string, string]>): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value] of headers) shown[name] = isSecretHeader(name) ? '[redacted]' : value;
  return shown;
}
