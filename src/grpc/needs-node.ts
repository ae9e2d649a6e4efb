/**
 * The stand-in for gRPC in bundles for pages, so that the cause is named at the first use and not by a bundler that misses `node:http2`.
 * @module
 */

function refuse(name: string): () => never {
  return () => {
    throw new TypeError(
      `${name} needs Node: browsers cannot speak gRPC. In a page use connect() of multi-api-sdk/grpc/connect, rest(), graphql() or webSocket().`,
    );
  };
}

/** Throws a `TypeError`: browsers cannot speak gRPC. */
export const grpc = refuse('grpc');
/** As `grpc`. */
export const serveGrpc = refuse('serveGrpc');
/** As `grpc`. */
export const grpcHandler = refuse('grpcHandler');
/** As `grpc`. */
export const printProto = refuse('printProto');
/** As `grpc`. */
export const lockProto = refuse('lockProto');
