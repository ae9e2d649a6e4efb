import { showing } from '#peer-parts';
import { withPart } from '../life/lazy.ts';
import { attempt, reporter } from '../life/report.ts';

/** One message on the wire in one direction, as `onWire` sees it. Credentials are redacted. */
export interface WireRecord {
  readonly protocol: string;
  readonly direction: 'out' | 'in';
  /** Start line, topic or method: `GET /users/123`, `200 OK`. */
  readonly start: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** The `onWire` option of every adapter. If it throws, the error is reported, and the call goes on. */
export type OnWire = (record: WireRecord) => void;

/** The options with an `onWire` that sees no credentials, and whose failures are reported, because an observer must not make a call fail. */
export function guardOnWire<O extends { readonly onWire?: OnWire | undefined }>(options: O, onError?: (error: unknown) => void): O {
  const { onWire } = options;
  if (!onWire) return options;
  const fail = reporter(onError);
  return { ...options, onWire: (record) => attempt(() => withPart(showing, ({ show }) => show(record, onWire, fail)), fail) };
}
