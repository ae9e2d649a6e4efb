import type { MethodDefinition } from '@grpc/grpc-js';

const identity = (bytes: Buffer): Buffer => bytes;

/**
 * A method of grpc-js whose messages are bytes on both ends: decoding is ours, so that its errors say what is wrong.
 * `in` and `out` say which side streams.
 */
export function rawMethod(path: string, streams: { readonly in?: boolean; readonly out?: boolean } = {}): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: streams.in ?? false,
    responseStream: streams.out ?? false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
}
