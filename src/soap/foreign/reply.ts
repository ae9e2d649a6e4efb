import { isApiError } from '../../core/errors.ts';
import { EnvelopeReading, readEnvelope } from '../wire/envelope-reader.ts';
import { decodeFault, decodeStatus, isFault, MAX_DEPTH, noAnswer, type Reply } from '../wire.ts';
import type { XmlElement } from '../../xml/tree.ts';

/** The body's element of a reply of which only the WSDL knows what it is; `undefined` where there is none. Throws as `decodeReply` does. */
export function decodeReplyTree(name: string, reply: Reply): XmlElement | undefined {
  const isOk = reply.status >= 200 && reply.status < 300;
  if (isOk && reply.text.trim() === '') return undefined;
  if (!reply.text.trimStart().startsWith('<')) throw isOk ? noAnswer(name, reply, 'no SOAP envelope') : decodeStatus(reply);
  const reading = new EnvelopeReading({ find: () => undefined, keeps: () => true, maxDepth: MAX_DEPTH });
  try {
    readEnvelope(reading, reply.text);
  } catch (cause) {
    if (!isOk) throw decodeStatus(reply);
    throw noAnswer(name, reply, isApiError(cause) ? cause.text : 'no SOAP envelope', cause);
  }
  const { element } = reading;
  if (element && isFault(element.uri, element.local)) throw decodeFault(element, reply);
  if (!isOk) throw decodeStatus(reply);
  return element;
}
