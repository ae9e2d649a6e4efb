import { Metadata, status as Status, type Channel, type Client, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { ApiError } from '../core/errors.ts';
import type { Sockets } from './streams/sockets.ts';
import { grpcTimeout } from './timeout.ts';
import { toEpochMs } from '../life/now.ts';

/** A call with one message out, as it leaves. */
export interface Outgoing {
  readonly path: string;
  readonly body: Buffer;
  readonly metadata: Metadata;
  /** Epoch milliseconds. */
  readonly deadline: number | undefined;
}

/** Hears a stream of messages: the head first, the status last. */
export interface StreamListener {
  head(metadata: Metadata): unknown;
  /** No more is read while a promise is pending. */
  message(bytes: Buffer): void | Promise<void>;
  status(status: StatusObject): void;
}

export interface OpenCall {
  cancel(): void;
}

/** Called once: `message` is there if the status is OK and one message came, `head` if the head of the answer came. */
export type UnaryDone = (status: StatusObject, message: Buffer | undefined, head: Metadata | undefined) => void;

/** The carrier of calls. */
export interface Carrier {
  unary(call: Outgoing, done: UnaryDone): OpenCall;
  stream(call: Outgoing, listener: StreamListener): OpenCall;
  /** Ends connections that have been silent for so long since they were last suspected, in milliseconds. */
  suspect(silentMs: number): void;
  close(): Promise<void> | void;
}

/**
 * Calls on a channel itself. grpc-js's `Client` puts an emitter, two layers of interceptors and a stack trace between,
 * which are a sixth of what a unary call costs and of no use here.
 */
export class ChannelCarrier implements Carrier {
  private readonly channel: Channel;
  private readonly sockets: Sockets;

  constructor(channel: Channel, sockets: Sockets) {
    this.channel = channel;
    this.sockets = sockets;
  }

  unary(outgoing: Outgoing, done: UnaryDone): OpenCall {
    let message: Buffer | undefined;
    let count = 0;
    let head: Metadata | undefined;
    return this.#start(outgoing, {
      head: (metadata) => (head = metadata),
      // Two replies are none.
      message: (bytes) => void (message = count++ === 0 ? bytes : undefined),
      status: (status) => done(status, message, head),
    });
  }

  stream(outgoing: Outgoing, listener: StreamListener): OpenCall {
    return this.#start(outgoing, listener);
  }

  suspect(silentMs: number): void {
    this.sockets.suspect(silentMs);
  }

  close(): Promise<void> {
    this.channel.close();
    return this.sockets.close();
  }

  #start({ path, body, metadata, deadline }: Outgoing, listener: StreamListener): OpenCall {
    // The deadline is the caller's to watch, and is told only to the server: grpc-js would have a timer of its own for it.
    if (deadline !== undefined) metadata.set('grpc-timeout', grpcTimeout(deadline));
    const call = this.channel.createCall(path, Infinity, undefined, null, undefined);
    call.start(metadata, {
      onReceiveMetadata: (head) => listener.head(head),
      onReceiveMessage(bytes: Buffer) {
        const taking = listener.message(bytes);
        if (taking) void taking.then(() => call.startRead());
        else call.startRead();
      },
      onReceiveStatus: (status) => listener.status(status),
    });
    call.sendMessageWithContext({}, body);
    call.halfClose();
    call.startRead();
    return { cancel: () => call.cancelWithStatus(Status.CANCELLED, 'Cancelled on client') };
  }
}

const OK: StatusObject = { code: Status.OK, details: 'OK', metadata: new Metadata() };
const identity = (bytes: Buffer): Buffer => bytes;

/** Calls on somebody's client, with its interceptors. */
export class ClientCarrier implements Carrier {
  private readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  unary({ path, body, metadata, deadline }: Outgoing, done: UnaryDone): OpenCall {
    const options = deadline === undefined ? {} : { deadline: toEpochMs(deadline) };
    let head: Metadata | undefined;
    let status: StatusObject = OK;
    const call = begin(() =>
      // An interceptor may answer before the call has begun.
      this.client.makeUnaryRequest(path, identity, identity, body, metadata, options, (error, bytes) =>
        queueMicrotask(() => done(error ?? status, bytes, head)),
      ),
    );
    call.on('metadata', (received: Metadata) => (head = received));
    call.on('status', (received: StatusObject) => (status = received));
    return call;
  }

  stream({ path, body, metadata, deadline }: Outgoing, listener: StreamListener): OpenCall {
    const options = deadline === undefined ? {} : { deadline: toEpochMs(deadline) };
    const call = begin(() => this.client.makeServerStreamRequest(path, identity, identity, body, metadata, options));
    call.on('metadata', (head: Metadata) => listener.head(head));
    call.on('data', (bytes: Buffer) => {
      const taking = listener.message(bytes);
      if (!taking) return;
      call.pause();
      void taking.then(() => call.resume());
    });
    call.on('error', (error: ServiceError) => {
      // Messages that came before the error are still to be heard.
      while (call.read() !== null);
      listener.status(error);
    });
    call.on('end', () => listener.status(OK));
    return call;
  }

  /** Its connections are not ours, nor is it. */
  suspect(): void {}
  close(): void {}
}

/** A client that its owner has closed throws, and so may its interceptors. */
function begin<C>(make: () => C): C {
  try {
    return make();
  } catch (cause) {
    throw ApiError.from(cause, 'UNAVAILABLE', `the client did not take the call: ${(cause as Error).message}`, { sent: false });
  }
}
