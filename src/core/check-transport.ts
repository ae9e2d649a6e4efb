import type { Transport } from './transport.ts';

/** Throws a `TypeError` that names the likely mistake if the argument of `owner` is not a transport. Programs without types need this check. */
export function checkTransport(owner: string, transport: Transport): void {
  const given: unknown = transport;
  if (typeof given === 'function')
    throw new TypeError(`${owner}: this is an adapter: give it its contract first, ${owner}(adapter(contract))`);
  if (typeof given === 'object' && given !== null && 'contract' in given && 'call' in given) return;
  const isContract = typeof given === 'object' && given !== null && 'operations' in given;
  throw new TypeError(
    `${owner}: ${isContract ? 'this is a contract' : `this is ${given === null ? 'null' : `a value of type ${typeof given}`}`}: give it a service, as createService makes one, or another transport`,
  );
}
