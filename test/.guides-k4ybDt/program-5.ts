import { createClient, isApiError, type Adapter, type Transport } from 'multi-api-sdk';
import { blogContract, createBlogService } from 'multi-api-sdk/blog';
import { retry, route } from 'multi-api-sdk/compose';
import { listen } from 'multi-api-sdk/http';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import { serve } from 'multi-api-sdk/serve';
import { soap } from 'multi-api-sdk/soap';
import { webSocket } from 'multi-api-sdk/websocket';

const service = createBlogService();
const served = await serve(service, { port: 0, grpcPort: 0 });

/** Middleware is a function from a transport to a transport. */
const logged =
  (source: Adapter): Adapter =>
  (contract) => {
    const inner: Transport = source(contract);
    return {
      contract,
      name: inner.name,
      async call(request) {
        console.log('calls', request.operation.name, 'over', inner.name);
        return inner.call(request);
      },
      subscribe: (request, sink) => inner.subscribe(request, sink),
      close: () => inner.close(),
    };
  };

// Each call over its own protocol, all of them tried again where that is safe.
const blog = createClient({
  transport: retry(
    route({ default: logged(rest({ url: served.http })), getWeather: soap({ url: served.http }), onMessage: webSocket({ url: served.http }) }),
    { attempts: 3 },
  ),
});
console.log((await blog.getUser({ id: 123 })).username);
console.log((await blog.getWeather({ location: 'Oslo' })).temperature);
await blog.close();

// A gateway: REST for everyone, in front of a service that speaks SOAP.
const inner = soap({ url: served.http })(blogContract);
const gateway = await listen(restHandler(inner));
console.log(await (await fetch(`${gateway.url}/weather/Paris`)).text());
await gateway.close();
await inner.close();

await served.close();
await service.close();
try {
  await createClient({ transport: retry(rest({ url: 'http://127.0.0.1:1' })) }).getUser({ id: 123 });
} catch (error) {
  if (isApiError(error)) console.log(error.code, 'sent:', error.sent);
}
