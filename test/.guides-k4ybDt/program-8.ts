import { createClient, createService, defineContract, isApiError, mutation } from 'multi-api-sdk';
import { z } from 'zod';

const shop = defineContract({
  name: 'shop',
  operations: {
    order: mutation({
      input: z.object({ item: z.string(), count: z.int32() }),
      output: z.object({ left: z.int32() }),
      errors: {
        NOT_FOUND: true,
        OUT_OF_STOCK: {
          code: 'FAILED_PRECONDITION',
          details: z.object({ left: z.int32() }),
          description: 'Fewer are left than were ordered.',
        },
      },
    }),
  },
});

const service = createService(shop, {
  order: ({ count }, { errors }) => {
    if (count > 3) throw errors.OUT_OF_STOCK({ left: 3 });
    return { left: 3 - count };
  },
});
const client = createClient({ contract: shop, transport: service });

try {
  await client.order({ item: 'lamp', count: 4 });
} catch (error) {
  if (!isApiError(error, shop.operations.order, 'OUT_OF_STOCK')) throw error;
  console.log(`${error.text} ${error.details.left}`); // details are typed
}

const outcome = await client.order.safe({ item: 'lamp', count: 1 });
console.log(outcome.ok ? outcome.output.left : outcome.error.reason);

await client.close();
await service.close();
