let last = 0;
let text = '';

/** The time as RFC 3339 text. Writing it out is a good part of what an event costs, so those of one millisecond share theirs. */
export function isoNow(): string {
  const now = Date.now();
  if (now !== last) {
    last = now;
    text = new Date(now).toISOString();
  }
  return text;
}
