import { createBlogService } from '../../src/blog/index.ts';

console.log('noise');

export const service = createBlogService();
