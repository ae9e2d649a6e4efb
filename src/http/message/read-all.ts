import { concatBytes } from '../../schema/codec/concat.ts';

/** Reads a stream to its end. `onSize` sees with each piece how much has come. An error that it throws cancels the stream and is thrown on. */
export async function readAll(stream: ReadableStream<Uint8Array>, onSize: (size: number) => void): Promise<Uint8Array> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (let read; !(read = await reader.read()).done;) {
      onSize((size += read.value.length));
      chunks.push(read.value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error;
  }
  return concatBytes(chunks);
}
