import { ApiError } from '../../core/errors.ts';
import type { FormReader } from './form.ts';
import type { Pieces } from './keep-small.ts';

/**
 * The content of the file that the reader is at. `isLast`: after it the form must end, because its other members were needed before.
 */
export function fileContent(reader: FormReader, name: string, isLast: boolean): Pieces {
  let isOver = false;
  return {
    async next() {
      const event = isOver ? undefined : await reader.next();
      if (event?.kind === 'chunk') return { done: false, value: event.bytes };
      isOver = true;
      return { done: true, value: undefined };
    },
    async return() {
      isOver = true;
      await reader.leave();
      return { done: true, value: undefined };
    },
    async finish() {
      if (!isLast) return;
      const event = await reader.next();
      if (!event || event.kind === 'chunk' || event.kind === 'end') return;
      await reader.leave();
      const message = `'${event.part.name}' comes after '${name}', which is too large to be kept in memory: send the largest file last, or give the server the option 'tempFolder'`;
      throw new ApiError('INVALID_ARGUMENT', message, { details: { issues: [{ path: [event.part.name], message }] } });
    },
  };
}
