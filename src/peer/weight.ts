/** About how many bytes of memory a value of JSON takes: for pools that are bounded by what they hold. Costs a walk, not a copy. */
export function weightOf(value: unknown): number {
  if (typeof value === 'string') return 24 + 2 * value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (ArrayBuffer.isView(value)) return 64 + value.byteLength;
  let weight = 32;
  for (const name in value) weight += 16 + weightOf((value as Record<string, unknown>)[name]);
  return weight;
}
