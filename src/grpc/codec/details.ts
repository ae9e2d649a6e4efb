import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { ApiError, type ErrorBody, type ErrorCode, type Issue, type JsonObject } from '../../core/errors.ts';
import { MAX_DEPTH } from '../../peer/json.ts';
import { codeOf, STATUS } from '../status.ts';
import { eachField } from './fields.ts';
import { readStruct, writeStruct } from './struct.ts';

/** Clients refuse metadata of more than 8 KiB: this leaves room in base64 for the plain message and the other trailers. */
export const MAX_STATUS_BYTES = 5000;
/** The length that a message may have in a status that is still too large without its details: each character takes up to three bytes there. */
const MAX_MESSAGE = 1500;
const TYPE = 'type.googleapis.com/';

/** An error as `google.rpc.Status`. Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto */
export function encodeStatus(error: ErrorBody, domain: string): Uint8Array {
  const whole = write(error, domain, error.details);
  if (whole.length <= MAX_STATUS_BYTES) return whole;
  const { issues } = error.details ?? {};
  if (Array.isArray(issues)) {
    // As many of the issues as there is room for, by halves: that is near enough.
    for (let count = issues.length >> 1; count > 0; count >>= 1) {
      const some = write(error, domain, { ...error.details, issues: issues.slice(0, count), truncated: true });
      if (some.length <= MAX_STATUS_BYTES) return some;
    }
  }
  const bare = write(error, domain, error.details && { truncated: true });
  if (bare.length <= MAX_STATUS_BYTES) return bare;
  return write({ ...error, message: error.message.slice(0, MAX_MESSAGE) }, domain, error.details && { truncated: true });
}

function write(error: ErrorBody, domain: string, details: JsonObject | undefined): Uint8Array {
  const writer = new BinaryWriter();
  writer.uint32(8).int32(STATUS[error.code]);
  writer.uint32(18).string(error.message);
  for (const { type, value } of encodeDetails(error, domain, details))
    writer.uint32(26).fork().uint32(10).string(`${TYPE}${type}`).uint32(18).bytes(value).join();
  return writer.finish();
}

/** One detail of an error: the full name of a message's type, and its bytes. */
export interface ErrorDetail {
  readonly type: string;
  readonly value: Uint8Array;
}

/** The rest of an error beside its code and message, as messages of `google.rpc`; `details` stand in for its own. */
export function encodeDetails(error: ErrorBody, domain: string, details: JsonObject | undefined = error.details): ErrorDetail[] {
  const all: ErrorDetail[] = [];
  const any = (type: string, fill: (writer: BinaryWriter) => void) => {
    const writer = new BinaryWriter();
    fill(writer);
    all.push({ type, value: writer.finish() });
  };
  any('google.rpc.ErrorInfo', (writer) =>
    writer
      .uint32(10)
      .string(error.reason ?? error.code)
      .uint32(18)
      .string(domain),
  );
  if (error.requestId !== undefined) {
    const { requestId } = error;
    any('google.rpc.RequestInfo', (writer) => writer.uint32(10).string(requestId));
  }
  if (error.retryAfterMs !== undefined) {
    const { retryAfterMs } = error;
    any('google.rpc.RetryInfo', (writer) => {
      writer.uint32(10).fork();
      const seconds = Math.floor(retryAfterMs / 1000);
      if (seconds !== 0) writer.uint32(8).int64(seconds);
      const nanos = Math.min(Math.round((retryAfterMs - seconds * 1000) * 1_000_000), 999_999_999);
      if (nanos !== 0) writer.uint32(16).int32(nanos);
      writer.join();
    });
  }
  const issues = details?.['issues'];
  if (Array.isArray(issues)) {
    any('google.rpc.BadRequest', (writer) => {
      for (const issue of issues as readonly (Partial<Issue> | null)[]) {
        const { path, message } = issue ?? {};
        writer
          .uint32(10)
          .fork()
          .uint32(10)
          .string(fieldPath(path))
          .uint32(18)
          .string(String(message ?? ''))
          .join();
      }
    });
  }
  if (details) any('google.protobuf.Struct', (writer) => writeStruct(writer, details));
  return all;
}

/** `posts[0].title`. Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto, FieldViolation.field */
function fieldPath(path: unknown): string {
  if (!Array.isArray(path)) return '';
  return path.reduce<string>(
    (text, step) => text + (typeof step === 'number' ? `[${step}]` : `${text === '' ? '' : '.'}${String(step)}`),
    '',
  );
}

/** The contents of details. */
interface Told {
  reason: string | undefined;
  details: Record<string, unknown> | undefined;
  violations: Issue[] | undefined;
  retryAfterMs: number | undefined;
  requestId: string | undefined;
}

/** The error of a status with its details, if it has any; details that cannot be read are as if they were not there. */
export function decodeStatus(status: number, message: string, bytes: Uint8Array | undefined, requestId: string | undefined): ApiError {
  return errorOfDetails(codeOf(status), message, (bytes && tryRead(bytes)) ?? { message: undefined, details: [] }, requestId);
}

/** The error that a list of details belongs to; those that cannot be read are as if they were not there. */
export function decodeDetails(code: ErrorCode, message: string, details: readonly ErrorDetail[], requestId: string | undefined): ApiError {
  return errorOfDetails(code, message, { message: undefined, details }, requestId);
}

/** What a `google.rpc.Status` holds beside its number. */
interface ReadStatus {
  readonly message: string | undefined;
  readonly details: readonly ErrorDetail[];
}

function errorOfDetails(code: ErrorCode, message: string, status: ReadStatus, requestId: string | undefined): ApiError {
  const told = tryTell(status.details);
  return new ApiError(code, status.message ?? message, {
    reason: told?.reason,
    details: told?.details ?? (told?.violations && { issues: told.violations }),
    retryAfterMs: told?.retryAfterMs,
    requestId: told?.requestId ?? requestId,
    remote: true,
  });
}

function tryTell(details: readonly ErrorDetail[]): Told | undefined {
  const told: Told = { reason: undefined, details: undefined, violations: undefined, retryAfterMs: undefined, requestId: undefined };
  try {
    for (const detail of details) tell(detail, told);
    return told;
  } catch {
    return undefined;
  }
}

function tryRead(bytes: Uint8Array): ReadStatus | undefined {
  try {
    return read(new BinaryReader(bytes), bytes.length);
  } catch {
    return undefined;
  }
}

function read(reader: BinaryReader, end: number): ReadStatus {
  let message: string | undefined;
  const details: ErrorDetail[] = [];
  eachField(reader, end, (tag) => {
    // A message that is there may be empty: the plain one then is too.
    if (tag === 18) message = reader.string();
    else if (tag === 26) details.push(readAny(reader));
    else return false;
    return true;
  });
  return { message, details };
}

function readAny(reader: BinaryReader): ErrorDetail {
  let type = '';
  let value = new Uint8Array();
  eachField(reader, reader.uint32() + reader.pos, (tag) => {
    if (tag === 10) type = reader.string();
    else if (tag === 18) value = new Uint8Array(reader.bytes());
    else return false;
    return true;
  });
  return { type, value };
}

function tell({ type, value }: ErrorDetail, told: Told): void {
  const inner = new BinaryReader(value);
  switch (type.slice(type.lastIndexOf('/') + 1)) {
    case 'google.protobuf.Struct':
      told.details = readStruct(inner, value.length, MAX_DEPTH);
      break;
    case 'google.rpc.ErrorInfo':
      eachField(inner, value.length, (tag) => {
        if (tag === 10) told.reason = inner.string();
        return tag === 10;
      });
      break;
    case 'google.rpc.RetryInfo':
      eachField(inner, value.length, (tag) => {
        if (tag === 10) told.retryAfterMs = readDuration(inner);
        return tag === 10;
      });
      break;
    case 'google.rpc.RequestInfo':
      eachField(inner, value.length, (tag) => {
        if (tag === 10) told.requestId = inner.string();
        return tag === 10;
      });
      break;
    case 'google.rpc.BadRequest':
      told.violations = readViolations(inner, value.length);
  }
}

function readDuration(reader: BinaryReader): number {
  let ms = 0;
  eachField(reader, reader.uint32() + reader.pos, (tag) => {
    if (tag === 8) ms += Number(reader.int64()) * 1000;
    else if (tag === 16) ms += reader.int32() / 1_000_000;
    else return false;
    return true;
  });
  return ms;
}

function readViolations(reader: BinaryReader, end: number): Issue[] {
  const issues: Issue[] = [];
  eachField(reader, end, (tag) => {
    if (tag !== 10) return false;
    let field = '';
    let message = '';
    eachField(reader, reader.uint32() + reader.pos, (inner) => {
      if (inner === 10) field = reader.string();
      else if (inner === 18) message = reader.string();
      else return false;
      return true;
    });
    const path = field.split(/[.[\]]+/).flatMap((step) => (step === '' ? [] : [/^\d+$/.test(step) ? Number(step) : step]));
    issues.push({ path, message });
    return true;
  });
  return issues;
}
