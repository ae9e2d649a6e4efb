import { connectTarget } from '../support/connect.ts';

/** gRPC-Web, in protobuf as all of its servers take it. */
export const target = connectTarget('grpc-web', { protocol: 'grpc-web' });
