import { checkOf } from '#check';
import { converting } from '#client-parts';
import type { CallOptions } from './types.ts';
import type { Operation } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import type { Selection } from '../core/transport.ts';
import { hasCodec } from '../schema/codec/has-codec.ts';

type Options = CallOptions & { readonly select?: Selection | undefined };
type Call = (input: unknown, options: Options | undefined) => Promise<unknown>;
type Item = Readonly<Record<string, unknown>>;

/** Makes the method of a paged query: its promise is the page asked for, and iterates over this and all following pages. */
export function paged(operation: Operation, key: string, call: Call): Call {
  const schema = operation.input;
  const check = schema && checkOf(schema);
  return (input, options) => {
    const select = options?.select;
    // The following page starts behind the key, so it is asked for although nobody selected it.
    const isHidden = select !== undefined && select[key] === undefined;
    const asked = isHidden ? { ...options, select: { ...select, [key]: true as const } } : options;
    const first = call(input, asked) as Promise<readonly Item[]>;
    const shown = isHidden ? first.then((page) => page.map(hide)) : first;
    return Object.defineProperty(shown, Symbol.asyncIterator, { value: () => items(first) });

    function hide({ [key]: _, ...item }: Item): Item {
      return item;
    }

    async function* items(current: Promise<readonly Item[]>): AsyncGenerator<unknown> {
      // Who iterates gets a failure from the loop; the promise itself may go unheard.
      shown.catch(() => {});
      const limit = await pageSize();
      for (let page = await current; ;) {
        for (const item of page) yield isHidden ? hide(item) : item;
        if (page.length === 0 || page.length < limit) return;
        const after = page.at(-1)?.[key];
        page = (await call({ ...(input as object | undefined), after }, asked)) as readonly Item[];
        // Before its items are given out: they were already.
        if (page.length > 0 && isSame(page.at(-1)?.[key], after))
          throw new ApiError('DATA_LOSS', `${operation.name}: the peer gave the same page twice, it seems to ignore 'after'`);
      }
    }

    /** The limit in force is the input's, or the schema's default. */
    async function pageSize(): Promise<number> {
      const wire = schema && hasCodec(schema) ? await (await converting()).wireInput(schema, input ?? {}) : input;
      const checked = await check?.(wire ?? {});
      const limit = checked && !checked.issues ? (checked.value as { readonly limit?: unknown }).limit : undefined;
      return typeof limit === 'number' ? limit : 1;
    }
  };
}

/** Keys may be objects, such as a `Date`. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && a !== null && JSON.stringify(a) === JSON.stringify(b));
}
