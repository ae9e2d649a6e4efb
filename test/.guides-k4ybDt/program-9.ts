import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';

const service = createBlogService();
const blog = createClient({ transport: service });

// With a listener: once this resolves, every event reaches it.
const unsubscribe = await blog.onTemperature(({ sensorId, celsius }, { id }) => {
  console.log(`${sensorId}: ${celsius} °C`, typeof id);
});
await blog.reportTemperature({ sensorId: 'roof', celsius: 21.5 });
await unsubscribe();

// As a loop: leaving it ends the subscription.
const messages = blog.onMessage();
await blog.sendMessage({ sender: 'user123', message: 'Hello, everyone!' });
for await (const { sender, message } of messages) {
  console.log(`${sender}: ${message}`);
  break;
}

await blog.close();
await service.close();
