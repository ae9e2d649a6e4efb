// A service at the broker whose url is given: says so once it serves, and stays until it is killed.
import { createBlogService } from '../../src/blog/service.js';
import { serveMqtt } from '../../src/mqtt/server.js';

const [url = ''] = process.argv.slice(2);
await serveMqtt(createBlogService(), { url });
console.log('serving');
