/** The media type of bytes that nobody describes. */
export const ANY_TYPE = 'application/octet-stream';

/** Pieces as a stream that waits for its reader. */
export function streamOf(content: AsyncIterable<Uint8Array>): ReturnType<Blob['stream']> {
  const iterator = content[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const step = await iterator.next();
        if (step.done) controller.close();
        else controller.enqueue(step.value as Uint8Array<ArrayBuffer>);
      },
      cancel: async () => void (await iterator.return?.()),
    },
    { highWaterMark: 0 },
  );
}
