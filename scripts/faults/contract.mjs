import * as z from 'zod';
import { defineContract, event, mutation, query } from 'multi-api-sdk';

const Thing = z.object({ id: z.int32(), text: z.string() });
const Bumped = z.object({ ref: z.string(), n: z.int32() });

export const contract = defineContract({
  name: 'faults',
  operations: {
    getThing: query({ input: z.object({ id: z.int32(), size: z.int32() }), output: Thing, http: 'GET /things/{id}' }),
    bump: mutation({ input: z.object({ ref: z.string(), pad: z.string() }), output: Bumped, http: 'POST /bumps' }),
  },
  events: { tick: event({ channel: 'ticks', payload: z.object({ n: z.int32(), pad: z.string() }) }) },
});
