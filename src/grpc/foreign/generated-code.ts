/** One method of a service definition, as ts-proto (`outputServices=grpc-js`), protoc's grpc plugin and proto-loader make them. */
export interface ForeignRpc {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** Typed by the definition's own messages, of which nothing here knows. */
  readonly requestSerialize: (value: never) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (value: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

type Values = Record<string, unknown>;

/** A message of generated code of which only functions are known: how one is made, and what is in it. */
export interface Shape {
  /** A message with these members, and the others as in an empty one. */
  make(values: Values): unknown;
  get(message: unknown, name: string): unknown;
  /** Whether there is such a member; `true` if that cannot be told. */
  has(name: string): boolean;
  /** What comes back of a message that is written and read again. */
  roundTrip(message: unknown): unknown;
  /** Reads the bytes of such a message. */
  decode(bytes: Buffer): unknown;
}

/** The shape of a rpc's requests or responses. */
export function shapeOf(rpc: ForeignRpc, of: 'request' | 'response'): Shape {
  const encode = (of === 'request' ? rpc.requestSerialize : rpc.responseSerialize) as (message: unknown) => Buffer;
  const decode = of === 'request' ? rpc.requestDeserialize : rpc.responseDeserialize;
  return withAccess({ decode, roundTrip: (message) => decode(encode(message)) });
}

/**
 * The shape of the message in a field, or in its list; `undefined` if there is none. Which number the field has is not known: it is the one
 * under which an empty message turns up.
 */
export function shapeIn(outer: Shape, name: string, isList: boolean): Shape | undefined {
  const pick = (value: unknown): unknown => (isList ? (value as readonly unknown[] | undefined)?.[0] : value);
  const at = (number: number, bytes: Buffer) =>
    pick(outer.get(outer.decode(Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])), name));
  for (let number = 1; number < MOST_FIELDS; number++) {
    try {
      const found = at(number, Buffer.alloc(0));
      if (typeof found !== 'object' || found === null || found instanceof Uint8Array) continue;
    } catch {
      continue;
    }
    return withAccess({
      decode: (bytes) => at(number, bytes),
      roundTrip: (message) => pick(outer.get(outer.roundTrip(outer.make({ [name]: isList ? [message] : message })), name)),
    });
  }
  return undefined;
}

const MOST_FIELDS = 512;

function withAccess({ decode, roundTrip }: Pick<Shape, 'decode' | 'roundTrip'>): Shape {
  const empty = decode(Buffer.alloc(0));
  if (!isClassMessage(empty)) {
    // Code that makes members only as they come tells nothing.
    const tells = typeof empty === 'object' && empty !== null && keysOf(empty).length > 0;
    return {
      decode,
      has: (name) => !tells || name in empty,
      roundTrip,
      make: (values) => ({ ...(empty as object), ...values }),
      get: (message, name) =>
        message instanceof Map ? (message as Map<string, unknown>).get(name) : (message as Values | undefined)?.[name],
    };
  }
  return {
    decode,
    has: (name) => [`get${capital(name)}`, `get${capital(name)}List`, `get${capital(name)}Map`].some((each) => each in empty),
    roundTrip,
    make(values) {
      const message = decode(Buffer.alloc(0)) as Values;
      for (const [name, value] of Object.entries(values)) {
        const set = [`set${capital(name)}`, `set${capital(name)}List`]
          .map((each) => message[each])
          .find((each) => typeof each === 'function');
        if (!set) throw new TypeError(`there is no ${name}`);
        (set as (value: unknown) => unknown).call(message, value);
      }
      return message;
    },
    get(message, name) {
      const of = message as Values;
      const get = [`get${capital(name)}`, `get${capital(name)}List`].map((each) => of[each]).find((each) => typeof each === 'function');
      return (get as (() => unknown) | undefined)?.call(of);
    },
  };
}

/** What protoc's plugin for JavaScript makes: setters, getters, and `toObject`. */
export function isClassMessage(message: unknown): message is { toObject(): Values } {
  return (
    typeof message === 'object' &&
    message !== null &&
    'toObject' in message &&
    typeof message.toObject === 'function' &&
    'serializeBinary' in message
  );
}

/** Own members, and those of classes whose prototypes have the defaults. */
function keysOf(message: object): string[] {
  const keys: string[] = [];
  for (const key in message) keys.push(key);
  return keys;
}

/** `made_at` and `madeAt` as setters have it. */
function capital(name: string): string {
  const camel = name.replace(/_+(.)/g, (_, next: string) => next.toUpperCase());
  return camel.slice(0, 1).toUpperCase() + camel.slice(1);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}
