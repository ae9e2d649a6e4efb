import { Recent } from '../../life/recent.ts';
import type { Operation } from '../../core/contract.ts';
import { ApiError, isApiError } from '../../core/errors.ts';
import { atPath, type ForeignAnswer } from './answer.ts';
import type { RestPages } from './mapping.ts';

/** The beginning of a page: parameters, or a URL that the API gave. */
export interface PagePlace {
  /** There is no such page. */
  readonly isEnd?: boolean;
  readonly params?: readonly (readonly [name: string, value: unknown])[];
  readonly url?: string;
  /** How many items the largest page before it had. */
  readonly largest?: number;
}

/** One answer with a page. */
export interface ForeignPage {
  readonly answer: ForeignAnswer;
  /** The items, if it has some. */
  readonly items: unknown;
  /** The header `Link`. */
  readonly link: string | null;
}

/** Places that are kept: a loop needs the last one. */
const MAX_PLACES = 1000;
/** Answers that one page of the contract may take: an API that gives one item at a time must not loop for ever. */
const MAX_ANSWERS = 1000;

/**
 * The pages of one operation. The contract names a page by the key of the item before it, the API by a number, a cursor or a URL; so the place
 * behind each last item is kept.
 */
export class ForeignPages {
  readonly #places = new Recent<string, PagePlace>(MAX_PLACES);

  private readonly operation: Operation;
  private readonly pages: RestPages;

  constructor(operation: Operation, pages: RestPages) {
    this.operation = operation;
    this.pages = pages;
    if (operation.pagedBy === undefined)
      throw new TypeError(`rest: '${operation.name}' has 'pages' but no pagedBy: the contract must say which property orders its list`);
  }

  /** Gives as many items as the input's limit wants, if the API has so many. `ask` sends one request. */
  async read(input: unknown, ask: (input: unknown, place: PagePlace) => Promise<ForeignPage>): Promise<unknown> {
    const { pages } = this;
    const { after, limit, ...rest } = (input ?? {}) as Readonly<Record<string, unknown>>;
    const wanted = typeof limit === 'number' ? limit : 0;
    const size: (readonly [string, unknown])[] = pages.limit !== undefined && wanted > 0 ? [[pages.limit, wanted]] : [];
    let place = this.#start(rest, after, wanted);
    const isFirst = after === undefined || after === null;
    const all: unknown[] = [];
    if (place.isEnd) return all;
    let { largest = 0 } = place;
    for (let asked = 0; asked < MAX_ANSWERS; asked++) {
      let page: ForeignPage;
      try {
        page = await ask(rest, place.url === undefined ? { params: [...size, ...(place.params ?? [])] } : place);
      } catch (error) {
        // Some APIs have no page after the last, and others have an empty one.
        if ((asked > 0 || !isFirst) && pages.by === 'number' && isApiError(error) && error.code === 'NOT_FOUND') return all;
        throw error;
      }
      const { answer, items, link } = page;
      if (!Array.isArray(items)) return items;
      all.push(...(items as readonly unknown[]));
      const next = this.#next(place, answer, items, link);
      // A page that is shorter than one before it is the last, if nothing in the answer says so.
      largest = Math.max(largest, items.length);
      if (!next || items.length === 0 || (items.length < largest && pages.by !== 'cursor' && pages.by !== 'link')) {
        // A full page does not say that it is the last.
        if (all.length > 0 && pages.by !== 'key')
          this.#places.set(placeKey(rest, keyOf(all.at(-1), this.operation.pagedBy)), { isEnd: true });
        return all;
      }
      const last = keyOf(all.at(-1), this.operation.pagedBy);
      if (all.length >= wanted) {
        this.#places.set(placeKey(rest, last), { ...next, largest });
        return all;
      }
      place = next;
    }
    throw new ApiError('DATA_LOSS', `${this.operation.name}: the API gave ${MAX_ANSWERS} pages and still fewer items than were asked for`, {
      remote: true,
    });
  }

  #start(rest: object, after: unknown, limit: number): PagePlace {
    const { pages } = this;
    if (after === undefined || after === null) return this.#first();
    if (pages.by === 'key') return { params: [[pages.after, after]] };
    const known = this.#places.get(placeKey(rest, after));
    if (known) return known;
    throw new ApiError(
      'FAILED_PRECONDITION',
      `${this.operation.name}: the beginning of the page after ${JSON.stringify(after)?.slice(0, 100)} is not known here: begin with the first page, with the same client and inputs${limit > 0 ? '' : ', and a limit'}`,
      { sent: false },
    );
  }

  #first(): PagePlace {
    const { pages } = this;
    return pages.by === 'number' ? { params: [[pages.page, pages.first ?? 1]] } : {};
  }

  /** The place of the page after these items; nothing if they were the last. */
  #next(place: PagePlace, answer: ForeignAnswer, items: readonly unknown[], link: string | null): PagePlace | undefined {
    const { pages } = this;
    const number = (name: string) => Number(place.params?.find(([known]) => known === name)?.[1] ?? 0);
    switch (pages.by) {
      case 'key': {
        const last = keyOf(items.at(-1), this.operation.pagedBy);
        return last === undefined ? undefined : { params: [[pages.after, last]] };
      }
      case 'number':
        return { params: [[pages.page, number(pages.page) + 1]] };
      case 'offset':
        return { params: [[pages.offset, number(pages.offset) + items.length]] };
      case 'cursor': {
        const cursor = found(pages.next, answer);
        return cursor === undefined || cursor === null || cursor === '' ? undefined : { params: [[pages.cursor, cursor]] };
      }
      case 'link': {
        const url = pages.next === undefined ? nextLink(link) : found(pages.next, answer);
        return typeof url === 'string' && url !== '' ? { url } : undefined;
      }
    }
  }
}

function found(next: NonNullable<Extract<RestPages, { readonly by: 'link' }>['next']>, { value, head }: ForeignAnswer): unknown {
  return typeof next === 'function' ? next(value, head) : atPath(value, next);
}

function placeKey(rest: object, after: unknown): string {
  return JSON.stringify([rest, after]);
}

function keyOf(item: unknown, key: string | undefined): unknown {
  return typeof item === 'object' && item !== null && key !== undefined ? (item as Readonly<Record<string, unknown>>)[key] : undefined;
}

/** The target of `rel="next"` in a `Link`. Source: https://www.rfc-editor.org/rfc/rfc8288#section-3 */
function nextLink(link: string | null): string | undefined {
  for (const [, target, parameters = ''] of (link ?? '')
    .slice(0, 16_384)
    .matchAll(/<([^<>]*)>((?:\s*;\s*[\w*!.-]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)/g))
    if (/;\s*rel\s*=\s*"?([^";,]*)/i.exec(parameters)?.[1]?.toLowerCase().split(/\s+/).includes('next')) return target;
  return undefined;
}
