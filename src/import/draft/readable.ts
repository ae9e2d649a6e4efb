import type { Draft } from './draft.ts';
import type { Findings } from './findings.ts';
import type { Field, Type } from './type.ts';

/** The draft without members that no schema of zod can read: `__proto__`, and those that every object has if they may be absent. */
export function readableDraft(draft: Draft, findings: Findings): Draft {
  const readable = <T extends Type | undefined>(type: T, place: string): T => type && (withoutUnreadable(type, place, findings) as T);
  return {
    ...draft,
    types: new Map([...draft.types].map(([key, named]) => [key, { ...named, type: readable(named.type, named.name) }])),
    operations: draft.operations.map((operation) => ({
      ...operation,
      input: readable(operation.input, operation.name),
      output: readable(operation.output, operation.name),
      item: readable(operation.item, operation.name),
      errors: operation.errors.map((error) => ({ ...error, details: readable(error.details, `${operation.name}: ${error.name}`) })),
    })),
    events: draft.events.map((event) => ({ ...event, payload: readable(event.payload, event.name) })),
  };
}

function withoutUnreadable(type: Type, place: string, findings: Findings): Type {
  const within = (inner: Type): Type => withoutUnreadable(inner, place, findings);
  switch (type.kind) {
    case 'list':
      return { ...type, item: within(type.item) };
    case 'record':
      return { ...type, value: within(type.value) };
    case 'tuple':
      return { ...type, items: type.items.map(within), rest: type.rest && within(type.rest) };
    case 'union':
      return { ...type, options: type.options.map(within) };
    case 'both':
      return { ...type, parts: type.parts.map(within) };
    case 'object': {
      const fields = type.fields.filter((field) => {
        if (isReadable(field)) return true;
        findings.add(place, `a member '${field.name}', which zod cannot read if it is absent`, 'left out');
        return false;
      });
      return { ...type, fields: fields.map((field) => ({ ...field, type: within(field.type) })), rest: type.rest && within(type.rest) };
    }
    default:
      return type;
  }
}

function isReadable({ name, optional, default: fallback }: Field): boolean {
  return name !== '__proto__' && !(name in Object.prototype && (optional || fallback !== undefined));
}
