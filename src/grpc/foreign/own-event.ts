import type { Field, ObjectNode, SchemaNode } from '../../schema/node.ts';
import type { DescribedRpc } from './descriptors.ts';

/** The last field came later, so that not all peers have it. */
const ENVELOPE = /^id,time,data,gap(?:,traceparent)?$/;
const TEXT: SchemaNode = { kind: 'string', meta: {} };

/**
 * Whether a server stream is an event of this library, as its .proto files describe them: it resumes from a place, and its messages are the
 * event's data with id and time, or the notice of a gap. A contract whose payload is the whole message takes it for any other stream.
 */
export function isOwnEvent({ request, response }: DescribedRpc, payload?: ObjectNode): boolean {
  return (
    request.fields[0]?.name === 'last_event_id' &&
    ENVELOPE.test(response.fields.map(({ name }) => name).join()) &&
    !(payload && ENVELOPE.test(payload.fields.map(({ name }) => name).join()))
  );
}

/** The request for such an event. */
export function ownRequestNode(params: ObjectNode): ObjectNode {
  return objectNode([field('lastEventId', TEXT), ...params.fields]);
}

/** The messages of such a stream. */
export function ownItemNode(payload: ObjectNode): ObjectNode {
  const time: SchemaNode = { kind: 'string', format: 'date-time', meta: {} };
  const gap: SchemaNode = { kind: 'boolean', meta: {} };
  return objectNode([field('id', TEXT), field('time', time), field('data', payload), field('gap', gap), field('traceparent', TEXT)]);
}

function objectNode(fields: readonly Field[]): ObjectNode {
  return { kind: 'object', name: 'event', fields, meta: {} };
}

function field(name: string, node: SchemaNode): Field {
  return { name, node, nullable: false, optional: true, meta: {} };
}
