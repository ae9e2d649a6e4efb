import { connectTarget } from '../support/connect.ts';

/** Connect in protobuf, with GET for queries. */
export const target = connectTarget('connect-binary', { format: 'binary', useGet: true });
