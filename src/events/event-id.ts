/** Ids are opaque, but every protocol must be able to carry them: in a header, an attribute, a property. */
const EVENT_ID = /^[\x20-\x7e]{0,256}$/;
const LOCAL = 'local-';

let made = 0;

/** An id for an event to which the peer gave none: unlike any other here, and unknown there. */
export function localId(): string {
  return `${LOCAL}${++made}`;
}

/** Tells whether a service can have given this id. */
export function isEventId(id: string): boolean {
  return EVENT_ID.test(id);
}

/** Tells whether a peer can resume behind the event with this id. */
export function isPlace(id: string): boolean {
  return id !== '' && !id.startsWith(LOCAL) && EVENT_ID.test(id);
}
