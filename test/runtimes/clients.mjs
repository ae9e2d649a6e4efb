// Uses the clients that need nothing of Node against a served Blog; resolves with a line per thing that worked.
import { createClient } from 'multi-api-sdk';
import { graphql } from 'multi-api-sdk/graphql';
import { rest } from 'multi-api-sdk/rest';
import { webSocket } from 'multi-api-sdk/websocket';

export async function useClients(url) {
  const adapters = { rest: rest({ url }), graphql: graphql({ url: `${url}/graphql` }), websocket: webSocket({ url }) };
  const lines = [];
  for (const [name, transport] of Object.entries(adapters)) {
    const blog = createClient({ transport, timeoutMs: 10_000 });
    try {
      lines.push(`${name} call: ${(await blog.getUser({ id: 123 })).username}`);
      const failed = await blog.getUser({ id: 1 }).catch((error) => error.code);
      lines.push(`${name} error: ${failed}`);
      const events = blog.onTemperature();
      const first = events.next();
      // The subscription has started once its stream has asked for the first event and the peer has said so.
      const again = setInterval(() => blog.reportTemperature({ sensorId: name, celsius: 21.5 }).catch(() => {}), 100);
      try {
        lines.push(`${name} event: ${(await first).value.celsius}`);
      } finally {
        clearInterval(again);
        await events.return();
      }
    } catch (error) {
      throw new Error(`${name}: ${String(error)} ${String(error?.cause ?? '')}`, { cause: error });
    } finally {
      await blog.close();
    }
  }
  return lines;
}
