// Runs in workerd: a module worker that answers with what worked.
import { useClients } from './clients.mjs';
import { handle, useModuleScope } from './module-scope.mjs';

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.startsWith('/tasks')) return handle(request);
    try {
      return new Response([...(await useModuleScope()), ...(await useClients(searchParams.get('url')))].join('\n'));
    } catch (error) {
      return new Response(String(error?.stack ?? error), { status: 500 });
    }
  },
};
