// A service at the broker whose url is given: says so once it serves, and stays until it is killed. With `hub` its events live on the broker.
import { createBlogService } from '../../src/blog/service.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { serveMqtt } from '../../src/mqtt/server.ts';

const [url = '', kind] = process.argv.slice(2);
await serveMqtt(createBlogService(kind === 'hub' ? { hub: mqttHub({ url }) } : {}), { url });
console.log('serving');
