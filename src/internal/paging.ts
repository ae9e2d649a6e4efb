import type { CallOptions } from '../client-types.js';
import type { Operation } from '../contract.js';
import { ApiError } from '../errors.js';
import { compileCheck } from './validate.js';

type Call = (input: unknown, options: CallOptions | undefined) => Promise<unknown>;

/** Makes the method of a paged query: its promise is the page asked for, and iterates over this and all following pages. */
export function paged(operation: Operation, key: string, call: Call): Call {
  const check = operation.input && compileCheck(operation.input);
  return (input, options) => {
    const first = call(input, options) as Promise<readonly unknown[]>;
    return Object.defineProperty(first, Symbol.asyncIterator, { value: () => items(first) });

    async function* items(current: Promise<readonly unknown[]>): AsyncGenerator<unknown> {
      const limit = await pageSize();
      const keyOfLast = (page: readonly unknown[]) => (page.at(-1) as Readonly<Record<string, unknown>> | undefined)?.[key];
      for (let page = await current; ;) {
        yield* page;
        if (page.length === 0 || page.length < limit) return;
        const after = keyOfLast(page);
        page = (await call({ ...(input as object | undefined), after }, options)) as readonly unknown[];
        // Before its items are given out: they were already.
        if (page.length > 0 && keyOfLast(page) === after)
          throw new ApiError('DATA_LOSS', `${operation.name}: the peer gave the same page twice, it seems to ignore 'after'`);
      }
    }

    /** The limit in force is the input's, or the schema's default. */
    async function pageSize(): Promise<number> {
      const checked = await check?.(input ?? {});
      const limit = checked && !checked.issues ? (checked.value as { readonly limit?: unknown }).limit : undefined;
      return typeof limit === 'number' ? limit : 1;
    }
  };
}
