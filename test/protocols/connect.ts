import { connectTarget } from '../support/connect.ts';

/** Connect, in JSON. */
export const target = connectTarget('connect', {});
