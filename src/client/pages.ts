import type { Operation } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import { hasCodec } from '../schema/codec/has-codec.ts';
import type { Part } from '../life/lazy.ts';
import type { Check } from '../schema/check/issues.ts';
import type * as ApplicationForm from './application-form.ts';

/** One item of a page. */
export type Item = Readonly<Record<string, unknown>>;

/** A paged query. */
export interface PagedQuery {
  readonly operation: Operation;
  /** The property that orders the items. */
  readonly key: string;
  /** Reads the input. */
  readonly check: Check | undefined;
  /** Converts inputs with codecs. */
  readonly converting: Part<Pick<typeof ApplicationForm, 'wireInput'>>;
}

/** The items of the first page and of all that follow it. `call` asks for a following page as the first one was asked for. */
export async function* itemsOf(
  query: PagedQuery,
  first: Promise<unknown>,
  input: unknown,
  call: (input: unknown) => Promise<unknown>,
): AsyncGenerator<Item, undefined> {
  const { operation, key } = query;
  const limit = await pageSize(query, input);
  for (let page = (await first) as readonly Item[]; ;) {
    for (const item of page) yield item;
    if (page.length === 0 || page.length < limit) return;
    const after = page.at(-1)?.[key];
    page = (await call({ ...(input as object | undefined), after })) as readonly Item[];
    // Before its items are given out: they were already.
    if (page.length > 0 && isSame(page.at(-1)?.[key], after))
      throw new ApiError('DATA_LOSS', `${operation.name}: the peer gave the same page twice, it seems to ignore 'after'`);
  }
}

/** The limit in force is the input's, or the schema's default. */
async function pageSize({ operation: { input: schema }, check, converting }: PagedQuery, input: unknown): Promise<number> {
  const wire = schema && hasCodec(schema) ? await (await converting()).wireInput(schema, input ?? {}) : input;
  const checked = await check?.(wire ?? {});
  const limit = checked && !checked.issues ? (checked.value as { readonly limit?: unknown }).limit : undefined;
  return typeof limit === 'number' ? limit : 1;
}

/** Keys may be objects, such as a `Date`. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && a !== null && JSON.stringify(a) === JSON.stringify(b));
}
