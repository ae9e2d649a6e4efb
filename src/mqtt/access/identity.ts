import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../../core/errors.ts';
import type { EventDefinition } from '../../core/contract.ts';
import type { Headers, Identity, Peer, Transport } from '../../core/transport.ts';
import { onAbort } from '../../life/lifetime.ts';
import { receivedHeaders } from '../../peer/headers.ts';

/** User name whose password is a token. */
const BEARER = 'bearer';

/**
 * The caller that a connection names, as headers: user name and password as Basic, or the password of the user `bearer` as a Bearer token.
 * On a WebSocket the headers of its upgrade come first.
 */
export function headersOf(username: string | undefined, password: string | undefined, upgrade: IncomingHttpHeaders | undefined): Headers {
  return { ...authorizationOf(username, password), ...(upgrade && receivedHeaders(upgrade)) };
}

function authorizationOf(username: string | undefined, password = ''): Headers {
  if (username === undefined) return {};
  if (username.toLowerCase() === BEARER) return { authorization: `Bearer ${password}` };
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/**
 * Asks a service who calls. Rejects with its refusal. A transport that cannot say lets everybody connect: it is asked
 * again for each call and each subscription.
 */
export async function identify(transport: Transport, headers: Headers, peer: Peer, signal: AbortSignal): Promise<Identity> {
  return (await transport.identify?.({ headers, peer, signal })) ?? {};
}

/** Asks a service whether a caller may hear an event: by a subscription that ends when it is acknowledged. Rejects with its refusal. */
export async function askSubscription(
  transport: Transport,
  event: EventDefinition,
  params: Readonly<Record<string, unknown>>,
  headers: Headers,
  peer: Peer,
  signal: AbortSignal,
): Promise<void> {
  const controller = new AbortController();
  const stop = () => controller.abort(new ApiError('CANCELLED', 'the question was answered'));
  const unlink = onAbort(signal, stop);
  let end: ApiError | undefined;
  try {
    await transport.subscribe(
      { event, params, headers, peer, signal: controller.signal },
      { next: () => {}, gap: () => {}, end: (error) => (end = error) },
    );
    if (end) throw end;
  } catch (error) {
    // A service without events refuses nobody.
    if ((error as Partial<ApiError> | undefined)?.code !== 'UNIMPLEMENTED') throw error;
  } finally {
    unlink();
    stop();
  }
}
