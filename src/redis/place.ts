/** Tells whether one id of a stream stands after another. Ids are `<milliseconds>-<number>`. */
export function isAfter(id: string, other: string): boolean {
  const [ms = 0, n = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherN = 0] = other.split('-').map(Number);
  return ms > otherMs || (ms === otherMs && n > otherN);
}

/** The place in the stream that an event's id names, if it is one of this hub. */
export function placeOf(eventId: string, epoch: string): string | undefined {
  const match = /^([^-]+)-(\d{1,15}-\d{1,15})$/.exec(eventId);
  return match?.[1] === epoch ? match[2] : undefined;
}
