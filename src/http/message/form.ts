import { make, type MultipartError, type PartInfo, type Parser } from 'multipasta';
import { readDisposition } from './disposition.ts';
import { HttpError } from './error.ts';

/** The parts that the reader of a form finds, in the order of the body. */
export type FormEvent =
  | { readonly kind: 'field'; readonly part: FormPart; readonly text: string }
  | { readonly kind: 'file'; readonly part: FormPart }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' };

/** The head of a part. */
export interface FormPart {
  /** The member of the form. */
  readonly name: string;
  readonly filename: string | undefined;
  /** Media type, with its parameters. */
  readonly type: string;
}

/** Limits of a form. */
export interface FormLimits {
  /** Of one part that is not a file, in bytes. */
  readonly maxFieldBytes: number;
}

/** Parts of one form: more are an attack. */
const MAX_PARTS = 1_000;

/** Whether a content type is that of a form with files. */
export function isFormType(type: unknown): boolean {
  return typeof type === 'string' && /^multipart\/form-data\s*(?:;|$)/i.test(type);
}

/**
 * Reads `multipart/form-data` as it comes: no more of the body is taken than the next event needs.
 * Source: https://www.rfc-editor.org/rfc/rfc7578
 */
export class FormReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #parser: Parser;
  readonly #events: FormEvent[] = [];
  #failure: HttpError | undefined;
  #isDone = false;

  /** `isFile` says which members are files although their part has no name. */
  constructor(body: AsyncIterable<Uint8Array>, contentType: string, limits: FormLimits, isFile: (name: string) => boolean) {
    this.#source = body[Symbol.asyncIterator]();
    this.#parser = make({
      headers: { 'content-type': contentType },
      maxParts: MAX_PARTS,
      maxFieldSize: limits.maxFieldBytes,
      isFile: (info) => {
        const { name, filename, type } = partOf(info);
        return filename !== undefined || (isFile(name) && !/^application\/json\b/i.test(type));
      },
      onField: (info, value) => {
        const text = textIn(info, value);
        if (text === undefined)
          this.#failure ??= new HttpError(400, `'${partOf(info).name.slice(0, 100)}' in the form is not text in UTF-8`);
        else this.#push({ kind: 'field', part: partOf(info), text });
      },
      onFile: (info) => {
        this.#push({ kind: 'file', part: partOf(info) });
        return (chunk) => this.#push(chunk ? { kind: 'chunk', bytes: chunk } : { kind: 'end' });
      },
      onError: (error) => (this.#failure ??= failureOf(error)),
      onDone: () => (this.#isDone = true),
    });
  }

  /** The next event; `undefined` after the last part. Rejects with an `HttpError` if the form is broken, cut, or over a limit. */
  async next(): Promise<FormEvent | undefined> {
    for (;;) {
      const event = this.#events.shift();
      if (event) return event;
      if (this.#failure) {
        await this.leave();
        throw this.#failure;
      }
      const step = await this.#source.next();
      if (step.done) {
        if (this.#isDone) return undefined;
        throw new HttpError(400, 'the form ends before its last boundary');
      }
      // Text after the last boundary means nothing.
      if (!this.#isDone) this.#write(step.value);
    }
  }

  /** Reads no more. */
  async leave(): Promise<void> {
    await this.#source.return?.();
  }

  #push(event: FormEvent): void {
    if (!this.#failure && !this.#isDone) this.#events.push(event);
  }

  #write(chunk: Uint8Array): void {
    try {
      this.#parser.write(chunk);
    } catch {
      // A name that is not percent-encoded UTF-8.
      this.#failure ??= new HttpError(400, 'a part of the form has headers that cannot be read');
    }
  }
}

/** Of the headers themselves, because the parser knows no name beyond Latin-1. */
function partOf({ headers }: PartInfo): FormPart {
  const { name = '', filename } = readDisposition(textOf(headers['content-disposition']));
  return { name, filename, type: textOf(headers['content-type']) ?? (filename === undefined ? 'text/plain' : 'application/octet-stream') };
}

/** A field in its charset, UTF-8 if it names none; `undefined` for other bytes. */
function textIn({ contentTypeParameters }: PartInfo, value: Uint8Array): string | undefined {
  try {
    return new TextDecoder(contentTypeParameters['charset'] ?? 'utf-8', { fatal: true }).decode(value);
  } catch {
    return undefined;
  }
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

const LIMITS = { MaxParts: `more than ${MAX_PARTS} parts`, MaxFieldSize: 'a field that is too large', MaxPartSize: '', MaxTotalSize: '' };

function failureOf(error: MultipartError): HttpError {
  switch (error._tag) {
    case 'InvalidBoundary':
      return new HttpError(400, "the content type of the form has no boundary: let your HTTP client set 'Content-Type' itself");
    case 'ReachedLimit':
      return new HttpError(413, `the form has ${LIMITS[error.limit]}`);
    case 'EndNotReached':
      return new HttpError(400, 'the form ends before its last boundary');
    case 'BadHeaders':
    case 'InvalidDisposition':
      return new HttpError(400, 'a part of the form has headers that cannot be read');
  }
}
