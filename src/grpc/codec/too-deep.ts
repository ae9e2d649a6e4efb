import { MAX_DEPTH } from '../../peer/json.ts';

/** A message nests more levels than {@link MAX_DEPTH}. */
export class TooDeep extends Error {
  constructor() {
    super(`it is nested more than ${MAX_DEPTH} levels deep`);
  }
}
