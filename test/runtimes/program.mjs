// Runs in Node, Bun and Deno: the clients against a server elsewhere, then everything in this process. It must end by itself.
import { createBlogService } from 'multi-api-sdk/blog';
import { serve } from 'multi-api-sdk/serve';
import { useClients } from './clients.mjs';
import { useModuleScope } from './module-scope.mjs';

const lines = [...(await useModuleScope()), ...(await useClients(process.argv[2]))];
const service = createBlogService();
const served = await serve(service, { port: 0, grpcPort: 0, mqttPort: 0 });
lines.push(...(await useClients(served.http)).map((line) => `served here, ${line}`));
await served.close();
await service.close();
console.log(lines.join('\n'));
