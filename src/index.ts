export { createClient, type BlogClient } from './blog/client.ts';
export { blogContract } from './blog/contract.ts';
export * from './core.ts';
