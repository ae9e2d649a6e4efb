import { graphqlHandler, type GraphqlHandlerOptions } from '../../src/graphql/server.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import { type Transport } from '../../src/index.ts';

/** The query of the article. */
export const ARTICLE = '{ user(id: 123) { username posts { title } } }';

export async function serveGraphql(
  transport: Transport,
  options: GraphqlHandlerOptions = {},
): Promise<HttpServer & { readonly endpoint: string }> {
  const handler = graphqlHandler(transport, options);
  const server = await listen(handler);
  handler.attach(server.server);
  const close = async () => {
    await handler.close();
    await server.close();
  };
  return { ...server, endpoint: `${server.url}/graphql`, close };
}

export async function post(endpoint: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: JSON.parse(text) as { data?: unknown; errors?: { message: string; extensions: Record<string, unknown> }[] },
  };
}
