export { retry, type RetryOptions } from './retry.js';
export { route, type Routes } from './route.js';
