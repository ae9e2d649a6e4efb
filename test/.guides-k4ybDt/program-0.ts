import { createClient } from 'multi-api-sdk';
import { rest } from 'multi-api-sdk/rest';

const blog = createClient({ transport: rest({ url: 'http://localhost:4000' }) });
// The one line: grpc({ url: 'localhost:50051' }), mqtt({ url: 'mqtt://localhost:1883' }), graphql(…), webSocket(…), …

const user = await blog.getUser({ id: 123 });
for await (const post of blog.getUserPosts({ userId: user.id })) console.log(post.title);
for await (const reading of blog.onTemperature()) console.log(reading.celsius);
