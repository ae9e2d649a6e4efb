export { createClient, type BlogClient } from './blog/client.js';
export { blogContract } from './blog/contract.js';
export * from './core.js';
