import { defineContract, query, type Handlers } from 'multi-api-sdk';
import * as z from 'zod';
import type { Context } from './context.ts';

const Stats = z.object({ tenant: z.string(), upMs: z.number() }).meta({ id: 'Stats' });

export const stats = defineContract({ name: 'stats', operations: { getStats: query({ output: Stats, http: 'GET /stats' }) } });

const started = performance.now();

export const statsHandlers: Handlers<typeof stats, Context> = {
  getStats: (_, { context }) => ({ tenant: context.tenant, upMs: performance.now() - started }),
};
