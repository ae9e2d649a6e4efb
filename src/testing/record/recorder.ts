import { parseJson } from '../../peer/json.ts';
import type { OnWire, WireRecord } from '../../peer/on-wire.ts';

/** Keeps what goes over the wire. */
export interface Recorder {
  /** The `onWire` option of an adapter. */
  readonly onWire: OnWire;
  /** The records so far, in order. Credentials are redacted. */
  readonly records: readonly WireRecord[];
  /** The records as lines of JSON, for a file; `readRecording` reads them. */
  text(): string;
  /** Forgets what was seen. */
  clear(): void;
}

/** Records what an adapter of any protocol sends and receives: `rest({ url, onWire: tape.onWire })`. */
export function recorder(): Recorder {
  const records: WireRecord[] = [];
  return {
    records,
    onWire: (record) => void records.push(record),
    text: () => records.map((record) => `${JSON.stringify(record)}\n`).join(''),
    clear: () => void (records.length = 0),
  };
}

/**
 * Reads what `Recorder.text` gave.
 * @throws TypeError for a line that is not a record
 */
export function readRecording(text: string): readonly WireRecord[] {
  const lines = text.split('\n').map((line, at) => [line, at + 1] as const);
  return lines.filter(([line]) => line.trim() !== '').map(([line, number]) => recordOf(line, number));
}

function recordOf(line: string, number: number): WireRecord {
  let record: Partial<WireRecord> | null | undefined;
  try {
    record = parseJson(line) as Partial<WireRecord> | null;
  } catch {
    record = undefined;
  }
  if (typeof record?.protocol !== 'string' || typeof record.start !== 'string' || typeof record.headers !== 'object')
    throw new TypeError(`readRecording: line ${number} is not a record of onWire`);
  return record as WireRecord;
}
