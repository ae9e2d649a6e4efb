import { createClient, isApiError } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';

const service = createBlogService();
const blog = createClient({ transport: service });

try {
  await blog.getPost({ id: 99 });
} catch (error) {
  if (!isApiError(error)) throw error;
  console.log(error.code); // NOT_FOUND
  console.log(error.message); // [NOT_FOUND] no post has the id 99
}

try {
  await blog.createUser({ username: 'ada', email: 'nonsense' });
} catch (error) {
  if (isApiError(error)) console.log(JSON.stringify(error.details));
}

await blog.close();
await service.close();
