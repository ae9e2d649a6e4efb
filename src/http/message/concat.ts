/** Several pieces as one; a single one is given as it is. */
export function concatBytes(chunks: readonly Uint8Array[], size: number = chunks.reduce((sum, { length }) => sum + length, 0)): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first) return first;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
