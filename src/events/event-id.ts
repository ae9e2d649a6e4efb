/** Ids are opaque, but every protocol must be able to carry them: in a header, an attribute, a property. */
const EVENT_ID = /^[\x20-\x7e]{0,256}$/;
/** Others give longer ones, in any script. */
const MAX_FOREIGN_CHARS = 4096;
const LOCAL = 'local-';

let made = 0;

/** An id for an event to which the peer gave none: unlike any other here, and unknown there. */
export function localId(): string {
  return `${LOCAL}${++made}`;
}

/** Tells whether a service of this library can have given this id. */
export function isEventId(id: string): boolean {
  return EVENT_ID.test(id);
}

/** Tells whether a foreign peer can have given this id. */
export function isForeignId(id: string): boolean {
  return id.length <= MAX_FOREIGN_CHARS && !/[\0\r\n]/.test(id);
}

/** Tells whether a peer, of this library or not, can resume after the event with this id. */
export function isPlace(id: string): boolean {
  return id !== '' && !id.startsWith(LOCAL) && isForeignId(id);
}
