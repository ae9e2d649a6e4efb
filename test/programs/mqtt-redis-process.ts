// A service whose hub is on Redis, at the broker whose url is given: says so once it serves, and stays until it is killed.
import { Redis } from 'ioredis';
import { createBlogService } from '../../src/blog/service.ts';
import { serveMqtt } from '../../src/mqtt/server.ts';
import { redisStores } from '../../src/redis/index.ts';

const [url = '', redis = '', leaseMs = ''] = process.argv.slice(2);
const [one, other] = [new Redis(redis), new Redis(redis)];
const { hub } = redisStores({
  send: ([name = '', ...rest]) => one.call(name, ...rest),
  blockingSend: ([name = '', ...rest]) => other.call(name, ...rest),
});
await serveMqtt(createBlogService({ hub }), { url, leaseMs: Number(leaseMs) });
console.log('serving');
