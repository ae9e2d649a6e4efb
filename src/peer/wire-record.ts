import { attempt } from '../life/report.ts';
import type { OnWire, WireRecord } from './on-wire.ts';
import { hideSecrets, isSecretHeader } from './redact/secrets.ts';

/** Gives a record to `onWire` without what looks like a credential in any of its texts. A failure there is given to `onError`. */
export function show(record: WireRecord, onWire: OnWire, onError: (error: unknown) => void): void {
  attempt(() => onWire(hidden(record)), onError);
}

/** A record with what looks like a credential taken out of all its texts. */
function hidden(record: WireRecord): WireRecord {
  const { start, body, headers } = record;
  const shown = Object.entries(headers).map(([name, value]) => [name, hideSecrets(value)] as const);
  return { ...record, start: hideSecrets(start), headers: redact(shown), ...(body !== undefined && { body: hideSecrets(body) }) };
}

/** The headers with credentials taken out. */
export function redact(headers: Iterable<readonly [string, string]>): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value] of headers) shown[name] = isSecretHeader(name) ? '[redacted]' : value;
  return shown;
}
