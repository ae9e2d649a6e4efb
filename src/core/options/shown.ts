/** A value that an option cannot have, as a message shows it. In every page, so it has few words: `told` of kinds.ts has more. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
