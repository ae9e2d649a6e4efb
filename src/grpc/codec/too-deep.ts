import { MAX_DEPTH } from '../../peer/json.ts';

/** A message nests more levels than {@link MAX_DEPTH}. */
export class TooDeep extends Error {
  constructor() {
    super(`it is nested more than ${MAX_DEPTH} levels deep`);
  }
}

/** A message has more items than its reader takes. */
export class TooMany extends Error {}

/** How many more fields and items the message may have that is being read: reading is synchronous, so there is one at a time. */
export const budget = { items: Infinity };

/** Counts a field, or an item of a list. */
export function spend(): void {
  if (--budget.items < 0) throw new TooMany();
}
