import { createService, type ServiceOptions } from 'multi-api-sdk';
import { contract } from './tasks.ts';

/** A service that is made with the stores that it is given; ids of tasks say which process made them. */
export default function make({ hub, idempotencyStore }: Pick<ServiceOptions<undefined>, 'hub' | 'idempotencyStore'>) {
  const handlers = {
    addTask: ({ title }: { readonly title: string }) => ({ id: process.pid, title }),
    async *plan({ steps }: { readonly steps: number }) {
      for (let step = 1; step <= steps; step++) yield { step };
    },
  };
  return createService(contract, handlers, { hub, idempotencyStore });
}
