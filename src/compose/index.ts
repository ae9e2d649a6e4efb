export { retry, type RetryOptions } from './retry.ts';
export { route, type Routes } from './route.ts';
