import { checkOf } from '#check';
import { converting, paging } from '#client-parts';
import type { CallOptions } from './types.ts';
import type { Operation } from '../core/contract.ts';
import type { Selection } from '../core/transport.ts';
import type { Item } from './pages.ts';

type Options = CallOptions & { readonly select?: Selection | undefined };
type Call = (input: unknown, options: Options | undefined) => Promise<unknown>;

/** Makes the method of a paged query: its promise is the page asked for, and iterates over this and all following pages. */
export function paged(operation: Operation, key: string, call: Call): Call {
  const query = { operation, key, check: operation.input && checkOf(operation.input), converting };
  return (input, options) => {
    const select = options?.select;
    // The following page starts after the key, so it is asked for although nobody selected it.
    const isHidden = select !== undefined && select[key] === undefined;
    const asked = isHidden ? { ...options, select: { ...select, [key]: true as const } } : options;
    const first = call(input, asked);
    const hide = ({ [key]: hidden, ...item }: Item): Item => item;
    const shown = isHidden ? first.then((page) => (page as Item[]).map(hide)) : first;
    async function* items(): AsyncGenerator<Item> {
      // A loop over the pages gets a failure by itself, so nobody need hear the promise.
      shown.catch(() => {});
      const { itemsOf } = await paging();
      for await (const item of itemsOf(query, first, input, (next) => call(next, asked))) yield isHidden ? hide(item) : item;
    }
    return Object.defineProperty(shown, Symbol.asyncIterator, { value: items });
  };
}
