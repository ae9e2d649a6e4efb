/** One request, as a client sends it. */
export interface HttpExchange {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** The form that `onWire` sees, if it has secrets. @default all of it */
  readonly shownUrl?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array> | undefined;
  readonly signal: AbortSignal;
}
