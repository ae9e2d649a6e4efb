import type { Contract } from '../../core/contract.ts';
import type { StoredMessage, StoredSubscription } from '../store/store.ts';
import { encodeEnvelope, JSON_TYPE, XML_TYPE } from '../wire.ts';
import { compileXmlEncoder } from './xml.ts';

/** Bodies by message, as long as it is held: an event is encoded once, not once for each endpoint and attempt. */
interface Bodies {
  json?: string;
  xml?: string;
}

/** Makes what writes bodies. */
export function compileEncoder(
  contract: Contract,
): (message: StoredMessage, subscription: StoredSubscription) => { body: string; type: string } {
  const bodies = new WeakMap<StoredMessage, Bodies>();
  let toXml: ((message: StoredMessage) => string) | undefined;
  return (message, { format }) => {
    let known = bodies.get(message);
    if (!known) bodies.set(message, (known = {}));
    if (format === 'json') return { body: (known.json ??= encodeEnvelope(message)), type: JSON_TYPE };
    toXml ??= compileXmlEncoder(contract);
    return { body: (known.xml ??= toXml(message)), type: XML_TYPE };
  };
}
